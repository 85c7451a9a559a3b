import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash as bcrypt } from 'bcryptjs';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { ApiStore, CertificateStore, PolicyStore, type KeyRow, type OrganisationId } from '@castellan/persistence';
import {
  flagAt,
  isJsonObject,
  numberAt,
  objectAt,
  ownField,
  parseJson,
  policiesOf,
  rightsWith,
  sessionForNodes,
  textAt,
  withoutPolicies,
  type AppliedPolicy,
  type JsonObject,
  type Session,
} from '@castellan/tyk';
import type { Sight } from '../ownership/sight';
import { unknownReferences } from '../policies/policy-references';
import { problemsOfSession } from '../threads/document-checks';
import { KeyOwnValues } from './key-own-values';
import { KeyReferences } from './key-references';

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
  /** The row of it, where there is one. */
  readonly row: Pick<KeyRow, '_id' | 'own'> | null;
  /** What of the organisation the caller sees; null for everything. */
  readonly sight: Sight | null;
  /** What other keys of the same request name, too; nothing when there are no others. */
  readonly references?: KeyReferences;
}

/** The same, with a place to look things up in. */
type Checked = Completion & { readonly references: KeyReferences };

/** What callers may say of a key, and what becomes of it. */
@Injectable()
export class KeyContents {
  constructor(
    readonly apis: ApiStore,
    readonly policies: PolicyStore,
    readonly certificates: CertificateStore,
    private readonly own: KeyOwnValues,
  ) {}

  /** For keys that are completed together, so that what several of them name is looked up once. */
  references(organisation: OrganisationId): KeyReferences {
    return new KeyReferences(organisation, this);
  }

  /** What is in the way of a login by name and password: gateways refuse it, without a word why, where the API takes none. */
  async loginNotes(references: KeyReferences, session: Session): Promise<readonly string[]> {
    const apis = await references.apis(Object.keys(objectAt(session, 'access_rights')));
    if (apis.length === 0 || apis.some(({ content }) => flagAt(content, 'use_basic_auth'))) return [];
    return ['None of its APIs takes a name and a password (use_basic_auth): gateways refuse every login with it.'];
  }

  /** What of the APIs that a key names changes what it opens, or for how long: none of it stands in the key. */
  async rightsNotes(references: KeyReferences, session: Session): Promise<readonly string[]> {
    const ids = Object.keys(objectAt(session, 'access_rights')).slice(0, MOST_REFERENCES);
    if (ids.length === 0) return [];
    const apis = await references.apis(ids);
    const gone = unknownReferences(session, new Map(apis.map(({ row, content }) => [row.apiId, content])));
    const lifetimes = apis.flatMap(({ row, content }) => {
      const seconds = numberAt(content, 'session_lifetime');
      return seconds > 0
        ? [`${row.name} (session_lifetime) has gateways remove it ${seconds} seconds after they have last written it.`]
        : [];
    });
    return [...gone.map(({ path, message }) => `${path} ${message}: nothing is opened by it.`), ...lifetimes];
  }

  /** Checks a body. Who the key belongs to and when it was made it does not say. @throws ValidationFailed, Busy */
  async parse(body: unknown): Promise<Session> {
    const content = readBody(body);
    const problems = await problemsOfSession(content);
    if (problems.length > 0) throw new ValidationFailed(problems);
    return content;
  }

  /**
   * The session to store: what was sent over what there was, field by field, in the form that nodes obey.
   *
   * @throws ValidationFailed when it names what does not exist, or would open nothing, which nodes take for everything
   */
  async complete(content: Session, completion: Completion): Promise<Session> {
    const { organisation, now, resetsQuota, before } = completion;
    const checked = { ...completion, references: completion.references ?? this.references(organisation) };
    const kept = before === null ? null : await this.withoutTraces(before, content, checked);
    const merged = withSecrets({ ...kept, ...content }, before);
    const policies = await this.requireKnown(merged, checked, content);
    return sessionForNodes(await withPasswordHashed(merged, before), {
      organisationId: organisation,
      now,
      policies,
      resetsQuota,
    });
  }

  /**
   * Looks up what a session names.
   *
   * @param sent what of it was sent, whose password is checked too
   * @returns the policies that it applies, in its order
   * @throws ValidationFailed when it names what does not exist, or would open nothing, which nodes take for everything
   */
  async requireKnown(
    session: Session,
    completion: Completion,
    sent: Session = session,
  ): Promise<readonly AppliedPolicy[]> {
    const checked = { ...completion, references: completion.references ?? this.references(completion.organisation) };
    const [policies, unknownPolicies] = await applied(session, checked);
    const all = [
      ...unknownPolicies,
      ...(await unknownRights(session, checked)),
      ...(await checked.references.unknownCertificates(session, completion.before)),
      ...checkPassword(sent),
    ];
    if (all.length > 0) throw new ValidationFailed(all);
    if (Object.keys(rightsWith(session, policies)).length === 0) {
      const message =
        'must give a right to an API, or apply_policies name a policy that does: without one nodes open every API';
      throw new ValidationFailed([{ path: 'access_rights', message }]);
    }
    return policies;
  }

  /**
   * A session without what it has only of policies that it applies no more: nodes write tags, meta data and rights of policies into
   * it, and would go on by them.
   */
  private async withoutTraces(before: Session, content: Session, { references, row }: Checked): Promise<Session> {
    const staying = policiesOf({ ...before, ...content });
    const leaving = policiesOf(before).filter((id) => !staying.includes(id));
    if (leaving.length === 0) return before;
    const known = (await Promise.all(leaving.map((id) => references.policy(id)))).filter((one) => one !== null);
    const policies = known.map((one) => one.content);
    const kept = withoutPolicies(before, policies, row === null ? null : this.own.of(row));
    // What a policy has granted that is gone, nobody can tell from what the key says itself.
    return known.length < leaving.length ? { ...kept, access_rights: {} } : kept;
  }
}

async function applied(
  session: Session,
  { sight, references }: Checked,
): Promise<readonly [readonly AppliedPolicy[], readonly FieldError[]]> {
  const ids = policiesOf(session);
  if (ids.length > MOST_REFERENCES)
    return [[], [{ path: 'apply_policies', message: `must name at most ${MOST_REFERENCES}` }]];
  const found = await Promise.all(ids.map((id) => references.policy(id)));
  const seen = found.map((one) => (one !== null && sight?.seesPolicy(one.row) === false ? null : one));
  const policies = seen.flatMap((one) => (one === null ? [] : [{ id: one.row.policyId, policy: one.content }]));
  const problems = seen.flatMap((one, at) =>
    one === null ? [{ path: `apply_policies[${at}]`, message: 'names no policy of the organisation' }] : [],
  );
  return [policies, problems];
}

async function unknownRights(session: Session, { sight, before, references }: Checked): Promise<readonly FieldError[]> {
  const rights = objectAt(session, 'access_rights');
  const ids = Object.keys(rights);
  // What a key has already it keeps, though the API is gone since; and what policies grant is theirs to check.
  if (before !== null && rights === objectAt(before, 'access_rights')) return [];
  if (ids.length > MOST_REFERENCES) return [{ path: 'access_rights', message: `must name at most ${MOST_REFERENCES}` }];
  const seen = (await references.apis(ids)).filter(({ row }) => sight?.seesApi(row) !== false);
  return unknownReferences(session, new Map(seen.map(({ row, content }) => [row.apiId, content])));
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
