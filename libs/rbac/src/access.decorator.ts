import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { Level, Section } from './catalogue';

/** Which credential a route asks for. */
export type Plane = 'public' | 'admin' | 'organisation' | 'node';

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
export const securitySchemes = { admin: 'adminSecret', organisation: 'accessKey', node: 'nodeSecret' } as const;

const declare = (access: Access): MethodDecorator => {
  const decorators = [SetMetadata(ACCESS, access), ApiExtension('x-permission', permissionText(access))];
  if (access.plane !== 'public') decorators.push(ApiSecurity(securitySchemes[access.plane]));
  return applyDecorators(...decorators);
};

/** `apis:write`, `admin`, `node` or `public`. */
export const permissionText = ({ plane, permission }: Access): string => {
  if (plane !== 'organisation') return plane;
  return permission === null ? 'any' : `${permission.section}:${permission.level}`;
};

/** Open to everybody. */
export const Public = (): MethodDecorator => declare({ plane: 'public', permission: null, action: '' });

/** Needs the installation's admin secret. */
export const AdminOnly = (action: string): MethodDecorator => declare({ plane: 'admin', permission: null, action });

/** Needs the node secret. */
export const NodeOnly = (action: string): MethodDecorator => declare({ plane: 'node', permission: null, action });

/** Needs an access key whose user has this permission. */
export const Requires = (section: Section, level: Level, action: string): MethodDecorator =>
  declare({ plane: 'organisation', permission: { section, level }, action });

/** Needs an access key, whatever its rights. */
export const AnyUser = (action: string): MethodDecorator =>
  declare({ plane: 'organisation', permission: null, action });
