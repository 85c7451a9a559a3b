import { withoutAccessKeys } from './access-key';
import type { DiffOperation } from './diff';
import { parsePointer } from './json-pointer';
import { isJsonObject, ownField, type JsonObject, type JsonValue } from './json-text';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/**
 * Names of fields and headers whose values are secret, with everything inside them, in Tyk's documents and requests: lower case,
 * without `_` and `-`. Ids of certificates, public keys and hashed keys are not secret.
 */
const SECRET_NAMES = new Set([
  ...['password', 'newpassword', 'currentpassword', 'oldpassword', 'passwordhash', 'pwhistory'],
  ...['secret', 'clientsecret', 'sharedsecret', 'jwtsecret', 'adminsecret', 'nodesecret', 'hmacstring'],
  ...['accesskey', 'apikey', 'xapikey', 'rawkey', 'privatekey', 'ssokey'],
  ...['token', 'accesstoken', 'refreshtoken', 'idtoken', 'nonce', 'xtyknonce'],
  ...['authorization', 'authorisation', 'proxyauthorization', 'xtykauthorization', 'adminauth', 'cookie', 'setcookie'],
]);

/**
 * How names end that people and other products give to secrets, such as `X-Auth-Token` or `sasl_password`. Only texts and numbers
 * that bear such a name are hidden: an object may be somebody's settings, as `authToken` among the `auth_configs` is.
 */
const SECRET_ENDING = /(password|passwd|passphrase|secret|token|apikey|accesskey|secretkey|privatekey|authorization)$/;

/** How names of headers and of parameters in URLs end, beside those. */
const SECRET_HEADER_ENDING = /(key|auth|credentials?|cookie|session|sessionid)$/;

/** Fields that hold headers by their names. */
const HEADER_MAPS = new Set([
  ...['addheaders', 'globalheaders', 'globalresponseheaders', 'headers', 'headermap'],
  ...['authheaders', 'requestheaders'],
]);

/** Fields that hold headers as a list of objects with a name (or `key`) and a `value`. */
const HEADER_LISTS = new Set(['add', 'headers', 'globalheaders']);

/**
 * A deep copy in which `[redacted]` stands for every secret: the value of a field or header with a secret's name, keys to verify
 * JWTs unless they are public ones, credentials as headers carry them, private keys, and passwords and keys inside URLs. Empty
 * texts, null and booleans stay: that there is no secret is none.
 */
export function redact(value: JsonValue): JsonValue {
  return redactBelow(value, []);
}

/** The operations with secrets replaced, whether they are inside a value or named by the path. */
export function redactDiff(operations: readonly DiffOperation[]): DiffOperation[] {
  return operations.map((operation) => {
    const names = parsePointer(operation.path).filter((segment) => !/^\d+$/.test(segment));
    const isSecret = names.some(isSecretName) || isValueOfHeader(names);
    const clean = (value: JsonValue) => (isSecret ? redactAll(value) : redactBelow(value, names));
    if (operation.op === 'add') return { ...operation, value: clean(operation.value) };
    if (operation.op === 'remove') return { ...operation, before: clean(operation.before) };
    return { ...operation, before: clean(operation.before), value: clean(operation.value) };
  });
}

/** @param names names of the fields on the way to the value, the nearest last */
function redactBelow(value: JsonValue, names: readonly string[]): JsonValue {
  const name = names.at(-1) ?? '';
  if (isSecretName(name)) return redactAll(value);
  if (Array.isArray(value)) return value.map((item) => redactBelow(item, names));
  if (isJsonObject(value)) return redactObject(value, names);
  if (SECRET_ENDING.test(plain(name)) || isSecretHeader(names)) return blank(value);
  if (typeof value !== 'string') return value;
  return isVerificationKey(names) && !isPublicKeySource(value) ? blank(value) : redactText(value);
}

function redactObject(object: JsonObject, names: readonly string[]): JsonObject {
  const header = ownField(object, 'name') ?? ownField(object, 'key');
  const isPair = typeof header === 'string' && (isSecretName(header) || isSecretEnding(header));
  return mapFields(object, (field, name) =>
    isPair && name === 'value' ? redactAll(field) : redactBelow(field, [...names, name]),
  );
}

function redactAll(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactAll);
  if (isJsonObject(value)) return mapFields(value, redactAll);
  return blank(value);
}

function blank(value: JsonValue): JsonValue {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? REDACTED : value;
}

function plain(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') || lower.includes('-') ? lower.replaceAll(/[_-]/g, '') : lower;
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(plain(name));
}

/** For headers and the parameters of URLs. */
function isSecretEnding(name: string): boolean {
  return SECRET_ENDING.test(plain(name)) || SECRET_HEADER_ENDING.test(plain(name));
}

/** A header in a map of headers. */
function isSecretHeader(names: readonly string[]): boolean {
  const [parent, name] = names.slice(-2);
  return parent !== undefined && name !== undefined && HEADER_MAPS.has(plain(parent)) && isSecretEnding(name);
}

/** The value of a header in a list, of which a path does not say the name. */
function isValueOfHeader(names: readonly string[]): boolean {
  const [parent, name] = names.slice(-2);
  return name === 'value' && parent !== undefined && HEADER_LISTS.has(plain(parent));
}

/**
 * `jwt_source`; the `source` of a JWT provider under `external_oauth`, and of a security scheme in `x-tyk-api-gateway`: a shared
 * secret, a public key or where to get one.
 */
function isVerificationKey(names: readonly string[]): boolean {
  const [parent, name] = names.slice(-2);
  if (names.at(-1) === 'jwt_source' || (parent === 'jwt' && name === 'source')) return true;
  return name === 'source' && names.includes('securitySchemes');
}

const PUBLIC_KEY_SOURCE = /^\s*(https?:\/\/|-----BEGIN (RSA )?PUBLIC KEY|-----BEGIN CERTIFICATE)/;
/** An organisation id and a sha256: the id of a certificate in the store. */
const CERTIFICATE_ID = /^[0-9a-f]{88}$/;

function isPublicKeySource(source: string): boolean {
  if (CERTIFICATE_ID.test(source) || PUBLIC_KEY_SOURCE.test(source)) return true;
  return PUBLIC_KEY_SOURCE.test(Buffer.from(source, 'base64').toString());
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const URL_PASSWORD = /(\/\/[^/?#\s:@]*):[^/?#\s@]+@/g;
const URL_PARAMETER = /([?&]([^=&#?\s]{1,64})=)[^&#\s]+/g;
const BEARER = /^(Bearer\s+)\S{16,}$/i;
const BASIC = /^(Basic\s+)([A-Za-z0-9+/]+={0,2})$/i;

/** Secrets that texts of any name give away by their form. */
function redactText(text: string): string {
  if (text.includes('PRIVATE KEY-----')) return text.replaceAll(PRIVATE_KEY, REDACTED);
  if (BEARER.test(text)) return text.replace(BEARER, `$1${REDACTED}`);
  const basic = BASIC.exec(text)?.[2];
  if (basic !== undefined && Buffer.from(basic, 'base64').includes(':')) return text.replace(BASIC, `$1${REDACTED}`);
  return withoutAccessKeys(text, REDACTED)
    .replaceAll(URL_PASSWORD, `$1:${REDACTED}@`)
    .replaceAll(URL_PARAMETER, (whole, start: string, name: string) =>
      isSecretName(name) || isSecretEnding(name) ? `${start}${REDACTED}` : whole,
    );
}

function mapFields(object: JsonObject, change: (value: JsonValue, name: string) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}
