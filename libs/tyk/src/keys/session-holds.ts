import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { numberAt, objectAt } from '../json/read';
import { policiesOf, readSession, type Session } from './session';

/**
 * Fields that nodes of every generation write back as they have read them. What is not here they count in, take from policies, or
 * do not know and drop.
 */
const LASTING = [
  ...[
    'date_created',
    'expires',
    'org_id',
    'oauth_client_id',
    'oauth_keys',
    'certificate',
    'basic_auth_data',
    'jwt_data',
  ],
  ...['hmac_string', 'rsa_certificate_id', 'data_expires', 'monitor', 'enable_detail_recording'],
  ...['enable_detailed_recording', 'alias', 'session_lifetime'],
];

/** Lasting only where no policy writes over them. */
const OWN = [
  ...['rate', 'per', 'throttle_interval', 'throttle_retry_limit', 'max_query_depth', 'quota_max', 'quota_renewal_rate'],
  ...['hmac_enabled', 'enable_http_signature_validation', 'is_inactive', 'meta_data'],
];

const LASTING_OF_A_RIGHT = ['api_id', 'api_name', 'versions', 'allowed_urls', 'restricted_types'];
const LASTING_OF_A_LIMIT = [
  ...['rate', 'per', 'throttle_interval', 'throttle_retry_limit', 'max_query_depth', 'quota_max', 'quota_renewal_rate'],
];

/**
 * Whether what Redis has is still what was written, or what a node has made of that since. Nodes write whole sessions back, with
 * counters and with what policies say; one that had not heard of the change writes what was there before it, and so undoes it.
 *
 * @param wanted the text that was written; null when the key was deleted
 * @param found the text that is there now; null when there is none
 */
export function sessionHolds(wanted: string | null, found: string | null): boolean {
  if (wanted === null || found === null || wanted === found) return wanted === found;
  const [ours, theirs] = [readSession(wanted), readSession(found)];
  if (ours === undefined || theirs === undefined) return false;
  return secondsOf(theirs) >= secondsOf(ours) && essence(ours) === essence(theirs);
}

/** When a session says that it was changed last; a policy that is newer puts its own time there. */
function secondsOf(session: Session): number {
  const value = ownField(session, 'last_updated');
  return typeof value === 'string' ? Number(value) || 0 : numberAt(session, 'last_updated');
}

function essence(session: Session): string {
  const policies = policiesOf(session);
  const lasting = pick(session, LASTING);
  if (policies.length > 0) return JSON.stringify([lasting, policies]);
  const rights = Object.entries(objectAt(session, 'access_rights'))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([id, right]) => [id, pick(right, LASTING_OF_A_RIGHT), pick(objectAt(right, 'limit'), LASTING_OF_A_LIMIT)]);
  const tags = ownField(session, 'tags');
  return JSON.stringify([lasting, pick(session, OWN), rights, Array.isArray(tags) ? [...new Set(tags)].sort() : []]);
}

function pick(value: JsonValue, names: readonly string[]): JsonValue[] {
  const fields = isJsonObject(value) ? value : {};
  return names.map((name) =>
    plainValue(name === 'date_created' ? dated(ownField(fields, name)) : ownField(fields, name)),
  );
}

/** Nodes write times in a form of their own. */
function dated(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string') return value;
  const time = Date.parse(value);
  return Number.isNaN(time) ? value : time;
}

/** One form for all that Go writes for "nothing": some generations leave it out, others write null, zero, or an object of zeros. */
export function plainValue(value: JsonValue | undefined): JsonValue {
  if (value === undefined || value === '' || value === 0 || value === false) return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(plainValue);
  if (!isJsonObject(value)) return value;
  const fields: [string, JsonValue][] = Object.entries(value)
    .map(([name, field]): [string, JsonValue] => [name, plainValue(field)])
    .filter(([, field]) => field !== null)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  const object: JsonObject = Object.fromEntries(fields);
  return fields.length === 0 ? null : object;
}
