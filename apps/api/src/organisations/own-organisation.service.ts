import { Injectable } from '@nestjs/common';
import { NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  OrganisationStore,
  type ChangeContext,
  type OrganisationId,
  type OrganisationRow,
} from '@castellan/persistence';
import { isJsonObject, objectAt, parseJson, type JsonObject, type JsonValue } from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import { ResourceTools } from '../resources/resource-tools';

/** Rules in Rego; the longest ones that people publish take a tenth of it. */
const longestRules = 256 * 1024;
const mostPermissions = 500;
const permissionName = /^[\w.-]{1,100}$/;
const longestLabel = 200;

/** The fields of an organisation that its own people may change. */
export type OwnField = 'open_policy' | 'additional_permissions';

/** What an organisation's own people see and change of it (docs/tyk/management.md#organisations). */
@Injectable()
export class OwnOrganisationService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly organisations: OrganisationStore,
  ) {}

  /** @returns the version of the organisation, and the field; empty where it was never set */
  async get(organisation: OrganisationId, field: OwnField): Promise<{ version: number; value: JsonObject }> {
    const row = await this.organisations.byId(organisation);
    if (row === null) throw missing();
    return { version: row.version, value: objectAt(contentOf(row), field) };
  }

  /** @throws NotFound, ValidationFailed, VersionMismatch */
  async set(
    context: ChangeContext,
    field: OwnField,
    body: unknown,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const value = parse[field](body);
    return this.tools.commit(context, async (unit) => {
      const current = await unit.require(
        await this.organisations.byId(unit.organisation, unit.session),
        missing,
        precondition,
      );
      const document = JSON.stringify({ ...contentOf(current), [field]: value });
      return this.organisations.replace(unit, current, { ...current, document });
    });
  }
}

const missing = (): NotFound => new NotFound('Could not retrieve org detail');

const contentOf = ({ document }: OrganisationRow): JsonObject => {
  const content = parseJson(document);
  return isJsonObject(content) ? content : {};
};

/** Takes a field out of the body that clients wrap it in. @throws ValidationFailed */
const wrapped = (body: unknown, field: OwnField): JsonObject => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  const sent = body as JsonValue | undefined;
  if (!isJsonObject(sent)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const others = Object.keys(sent).filter((name) => name !== field);
  refuse(others.map((name) => ({ path: name, message: `is not known here; there is ${field}` })));
  const value = sent[field];
  if (!isJsonObject(value)) throw new ValidationFailed([{ path: field, message: 'is required and must be an object' }]);
  return value;
};

const refuse = (problems: readonly FieldError[], message?: string): void => {
  if (problems.length > 0) throw new ValidationFailed(problems, message);
};

const parseRules = (body: unknown): JsonObject => {
  const { rules = '', enabled = false, ...others } = wrapped(body, 'open_policy');
  const problems: FieldError[] = Object.keys(others).map((name) => ({
    path: `open_policy.${name}`,
    message: 'is not known; there are enabled and rules',
  }));
  if (typeof enabled !== 'boolean') problems.push({ path: 'open_policy.enabled', message: 'must be true or false' });
  if (typeof rules !== 'string') problems.push({ path: 'open_policy.rules', message: 'must be text' });
  else if (rules.length > longestRules) {
    problems.push({ path: 'open_policy.rules', message: `must have at most ${longestRules} characters` });
  }
  refuse(problems, 'Invalid OPA rules.');
  return { enabled, rules };
};

const parsePermissions = (body: unknown): JsonObject => {
  const permissions = wrapped(body, 'additional_permissions');
  const entries = Object.entries(permissions);
  if (entries.length > mostPermissions) {
    throw new ValidationFailed([{ path: 'additional_permissions', message: `must have at most ${mostPermissions}` }]);
  }
  const faultOf = (name: string, label: JsonValue): string | null => {
    if (!permissionName.test(name)) return 'must have a name of letters, digits, ".", "_" and "-", up to 100';
    return typeof label === 'string' && label.length <= longestLabel
      ? null
      : `must be text of at most ${longestLabel} characters`;
  };
  refuse(
    entries.flatMap(([name, label]) => {
      const message = faultOf(name, label);
      return message === null ? [] : [{ path: `additional_permissions.${name.slice(0, 100)}`, message }];
    }),
  );
  return permissions;
};

const parse = { open_policy: parseRules, additional_permissions: parsePermissions } as const;
