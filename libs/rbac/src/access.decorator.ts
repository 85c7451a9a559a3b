import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { Level, Section } from './catalogue';
import { addRouteConfig } from './route-config';

/** Which credential a route asks for. */
export type Plane = 'public' | 'operator' | 'organisation' | 'node';

/** What one route asks for; the guard, the audit log and the OpenAPI document read the same object. */
export interface Access {
  readonly plane: Plane;
  /** The permission, on the organisation plane; null means any user of the organisation. */
  readonly permission: { readonly section: Section; readonly level: Level } | null;
  /** What the audit log calls it, in Tyk's words (docs/tyk/management.md#audit-log). */
  readonly action: string;
}

export const ACCESS = Symbol('ACCESS');

/** Names of the security schemes in the OpenAPI document. */
export const securitySchemes = { operator: 'adminSecret', organisation: 'accessKey', node: 'nodeSecret' } as const;

/** Everything that a route has ever declared, so that what is found in a route's configuration can be told apart. */
const declared = new WeakSet<object>();

const isDeclared = (value: unknown): value is Access =>
  typeof value === 'object' && value !== null && declared.has(value);

const declare = (access: Access): MethodDecorator => {
  declared.add(access);
  const decorators = [
    SetMetadata(ACCESS, access),
    addRouteConfig({ [ACCESS]: access }),
    ApiExtension('x-permission', permissionText(access)),
  ];
  if (access.plane !== 'public') decorators.push(ApiSecurity(securitySchemes[access.plane]));
  return applyDecorators(...decorators);
};

/** What a route of the HTTP server asks for, by its configuration; undefined for a route that declares nothing. */
export const accessOf = (config: object | undefined): Access | undefined => {
  const access: unknown = config === undefined ? undefined : Reflect.get(config, ACCESS);
  return isDeclared(access) ? access : undefined;
};

/** `apis:write`, `operator`, `node` or `public`. */
export const permissionText = ({ plane, permission }: Access): string => {
  if (plane !== 'organisation') return plane;
  return permission === null ? 'any' : `${permission.section}:${permission.level}`;
};

/** Open to everybody. */
export const Public = (): MethodDecorator => declare({ plane: 'public', permission: null, action: '' });

/** Needs the installation's admin secret. */
export const OperatorOnly = (action: string): MethodDecorator =>
  declare({ plane: 'operator', permission: null, action });

/** Needs the node secret. */
export const NodeOnly = (action: string): MethodDecorator => declare({ plane: 'node', permission: null, action });

/** Needs an access key whose user has this permission. */
export const Requires = (section: Section, level: Level, action: string): MethodDecorator =>
  declare({ plane: 'organisation', permission: { section, level }, action });

/** Needs an access key, whatever its rights. */
export const AnyUser = (action: string): MethodDecorator =>
  declare({ plane: 'organisation', permission: null, action });
