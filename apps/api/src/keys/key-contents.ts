import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash as bcrypt } from 'bcryptjs';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { ApiStore, PolicyStore, type OrganisationId } from '@castellan/persistence';
import {
  checkSession,
  flagAt,
  isJsonObject,
  objectAt,
  opensNothing,
  ownField,
  parseJson,
  policiesOf,
  sessionForNodes,
  textAt,
  withoutPolicies,
  type AppliedPolicy,
  type JsonObject,
  type Session,
} from '@castellan/tyk';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import type { Sight } from '../ownership/sight';
import { unknownReferences } from '../policies/policy-references';

/** As nodes hash passwords. */
const BCRYPT_COST = 10;
/** bcrypt reads no further, and Go's refuses what is longer. */
const LONGEST_PASSWORD = 72;
/** More policies or APIs than that no key has a use for. */
const MOST_REFERENCES = 500;

/** Fields that are the node's or Castellan's to write. */
const NOT_SENT = [
  'org_id',
  'date_created',
  'last_updated',
  'key_id',
  'key_hash',
  'api_model',
  'castellan_apply_policies',
];

export interface Completion {
  readonly organisation: OrganisationId;
  readonly now: Date;
  readonly resetsQuota: boolean;
  /** The session as it was; null for a new key. */
  readonly before: Session | null;
  /** What of the organisation the caller sees; null for everything. */
  readonly sight: Sight | null;
}

/** What callers may say of a key, and what becomes of it. */
@Injectable()
export class KeyContents {
  constructor(
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
  ) {}

  /** Checks a body. Who the key belongs to and when it was made it does not say. @throws ValidationFailed */
  parse(body: unknown): Session {
    const content = readBody(body);
    const problems = checkSession(content);
    if (problems.length > 0) throw new ValidationFailed(problems);
    return content;
  }

  /**
   * The session to store: what was sent over what there was, field by field, in the form that nodes obey.
   *
   * @throws ValidationFailed when it names what does not exist, or would open nothing, which nodes take for everything
   */
  async complete(content: Session, { organisation, sight, now, resetsQuota, before }: Completion): Promise<Session> {
    const kept = before === null ? null : await this.withoutTraces(organisation, before, content);
    const merged = withSecrets({ ...kept, ...content }, before);
    const [policies, unknownPolicies] = await this.applied(organisation, sight, merged);
    const unknownRights = await this.unknownRights(organisation, sight, merged, before);
    const problems = [...unknownPolicies, ...unknownRights, ...checkPassword(content)];
    if (problems.length > 0) throw new ValidationFailed(problems);
    const session = sessionForNodes(await withPasswordHashed(merged, before), {
      organisationId: organisation,
      now,
      policies,
      resetsQuota,
    });
    if (opensNothing(session)) {
      const message =
        'must give a right to an API, or apply_policies name a policy that does: without one nodes open every API';
      throw new ValidationFailed([{ path: 'access_rights', message }]);
    }
    return session;
  }

  /**
   * A session without what it has only of policies that it applies no more: nodes write tags, meta data and rights of policies into
   * it, and would go on by them.
   */
  private async withoutTraces(organisation: OrganisationId, before: Session, content: Session): Promise<Session> {
    const staying = policiesOf({ ...before, ...content });
    const leaving = policiesOf(before).filter((id) => !staying.includes(id));
    if (leaving.length === 0) return before;
    const rows = await Promise.all(leaving.map((id) => this.policies.byEitherId(organisation, id, null)));
    return withoutPolicies(
      before,
      rows.flatMap((row) => (row === null ? [] : [objectAt(parseJson(row.document))])),
    );
  }

  private async applied(
    organisation: OrganisationId,
    sight: Sight | null,
    session: Session,
  ): Promise<readonly [readonly AppliedPolicy[], readonly FieldError[]]> {
    const ids = policiesOf(session);
    if (ids.length > MOST_REFERENCES)
      return [[], [{ path: 'apply_policies', message: `must name at most ${MOST_REFERENCES}` }]];
    const found = await Promise.all(ids.map((id) => this.policies.byEitherId(organisation, id, null)));
    const rows = found.map((row) => (row !== null && sight?.seesPolicy(row) === false ? null : row));
    const policies = rows.flatMap((row) =>
      row === null ? [] : [{ id: row.policyId, policy: objectAt(parseJson(row.document)) }],
    );
    const problems = rows.flatMap((row, at) =>
      row === null ? [{ path: `apply_policies[${at}]`, message: 'names no policy of the organisation' }] : [],
    );
    return [policies, problems];
  }

  private async unknownRights(
    organisation: OrganisationId,
    sight: Sight | null,
    session: Session,
    before: Session | null,
  ): Promise<readonly FieldError[]> {
    const rights = objectAt(session, 'access_rights');
    const ids = Object.keys(rights);
    // What a key has already it keeps, though the API is gone since; and what policies grant is theirs to check.
    if (before !== null && rights === objectAt(before, 'access_rights')) return [];
    if (ids.length > MOST_REFERENCES)
      return [{ path: 'access_rights', message: `must name at most ${MOST_REFERENCES}` }];
    const rows = ids.length === 0 ? [] : await this.apis.findAll(organisation, { apiId: { $in: ids } });
    const seen = rows.filter((row) => sight?.seesApi(row) !== false);
    const definitions = new Map(seen.map((row) => [row.apiId, definitionOf(storedWrapper(row))]));
    return unknownReferences(session, definitions);
  }
}

function readBody(body: unknown): Session {
  const content = isJsonObject(asJson(body)) ? asJson(body) : undefined;
  if (!isJsonObject(content))
    throw new ValidationFailed([{ path: '', message: 'must be a JSON object' }], 'Request body malformed.');
  return Object.fromEntries(Object.entries(content).filter(([name]) => !NOT_SENT.includes(name)));
}

/** A body as the parser left it, which gives JSON or nothing. */
function asJson(body: unknown): JsonObject | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const value = parseJson(JSON.stringify(body));
  return isJsonObject(value) ? value : undefined;
}

/** Secrets that were shown hidden come back hidden, or not at all: those stay as they were. */
function withSecrets(merged: Session, before: Session | null): Session {
  const kept = (name: string, ...path: string[]): JsonObject => {
    const sent = textAt(merged, name, ...path);
    const was = before === null ? undefined : ownField(before, name);
    return was !== undefined && (sent === '' || isHidden(sent)) ? { [name]: was } : {};
  };
  return {
    ...merged,
    ...kept('basic_auth_data', 'password'),
    ...kept('jwt_data', 'secret'),
    ...kept('hmac_string'),
    ...(flagAt(merged, 'hmac_enabled') && before === null && textAt(merged, 'hmac_string') === ''
      ? // As nodes make them: 32 hexadecimal digits in base64.
        { hmac_string: Buffer.from(randomBytes(16).toString('hex')).toString('base64') }
      : {}),
  };
}

/** What stands in the place of a secret in replies of this and of other products. */
function isHidden(text: string): boolean {
  return text === HIDDEN || /^\*+$/.test(text);
}

/** What replies show of a secret. */
const HIDDEN = '[redacted]';

function checkPassword(content: Session): readonly FieldError[] {
  const password = textAt(content, 'basic_auth_data', 'password');
  const path = 'basic_auth_data.password';
  if (isHidden(password) || textAt(content, 'basic_auth_data', 'hash_type') === 'bcrypt') return [];
  if (Buffer.byteLength(password) > LONGEST_PASSWORD)
    return [{ path, message: `must have at most ${LONGEST_PASSWORD} bytes, since bcrypt reads no more` }];
  return password.includes('\0') ? [{ path, message: 'must not contain NUL' }] : [];
}

async function withPasswordHashed(session: Session, before: Session | null): Promise<Session> {
  const data = objectAt(session, 'basic_auth_data');
  const password = textAt(data, 'password');
  const known = before !== null && ownField(before, 'basic_auth_data') === ownField(session, 'basic_auth_data');
  if (password === '' || known || textAt(data, 'hash_type') === 'bcrypt') return session;
  const hashed = await bcrypt(password, BCRYPT_COST);
  return { ...session, basic_auth_data: { ...data, password: hashed, hash_type: 'bcrypt' } };
}

/** A session without its secrets, for replies; a secret that was not set stays empty. */
export function withoutSecrets(session: Session): Session {
  const hidden = (name: string, field: string): JsonObject => {
    const data = objectAt(session, name);
    return textAt(data, field) === '' ? {} : { [name]: { ...data, [field]: HIDDEN } };
  };
  return { ...session, ...hidden('basic_auth_data', 'password'), ...hidden('jwt_data', 'secret') };
}
