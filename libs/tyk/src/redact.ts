import type { DiffOperation } from './diff';
import { parsePointer } from './json-pointer';
import { isJsonObject, type JsonObject, type JsonValue } from './json-text';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/**
 * Names of fields and headers whose values are secret, in Tyk's documents and requests: lower case, without `_` and `-`. Ids of
 * certificates, public keys and hashed keys are not secret.
 */
const SECRET_NAMES = new Set([
  ...['password', 'newpassword', 'currentpassword', 'oldpassword', 'passwordhash', 'pwhistory'],
  ...['secret', 'clientsecret', 'sharedsecret', 'jwtsecret', 'adminsecret', 'nodesecret', 'hmacstring'],
  ...['accesskey', 'apikey', 'xapikey', 'rawkey', 'privatekey', 'ssokey'],
  ...['token', 'accesstoken', 'refreshtoken', 'idtoken', 'nonce', 'xtyknonce'],
  ...['authorization', 'authorisation', 'proxyauthorization', 'xtykauthorization', 'adminauth', 'cookie', 'setcookie'],
]);

/**
 * A deep copy in which `[redacted]` stands for every secret: the value of a field with a secret's name (everything inside it, if it
 * is an object or a list), keys to verify JWTs unless they are public ones, and passwords inside URLs. Empty texts, null
 * and booleans stay: that there is no secret is none.
 */
export function redact(value: JsonValue): JsonValue {
  return redactBelow(value, []);
}

/** The operations with secrets replaced, whether they are inside a value or named by the path. */
export function redactDiff(operations: readonly DiffOperation[]): DiffOperation[] {
  return operations.map((operation) => {
    const names = parsePointer(operation.path).filter((segment) => !/^\d+$/.test(segment));
    const clean = (value: JsonValue) => redactBelow(value, names);
    if (operation.op === 'add') return { ...operation, value: clean(operation.value) };
    if (operation.op === 'remove') return { ...operation, before: clean(operation.before) };
    return { ...operation, before: clean(operation.before), value: clean(operation.value) };
  });
}

/** @param names names of the fields on the way to the value, the nearest last */
function redactBelow(value: JsonValue, names: readonly string[]): JsonValue {
  if (names.some(isSecretName)) return redactAll(value);
  if (Array.isArray(value)) return value.map((item) => redactBelow(item, names));
  if (isJsonObject(value)) return mapFields(value, (field, name) => redactBelow(field, [...names.slice(-1), name]));
  if (typeof value !== 'string') return value;
  return isVerificationKey(names) && !isPublicKeySource(value) ? blank(value) : redactUrl(value);
}

function redactAll(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactAll);
  if (isJsonObject(value)) return mapFields(value, redactAll);
  return blank(value);
}

function blank(value: JsonValue): JsonValue {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? REDACTED : value;
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[_-]/g, ''));
}

/** `jwt_source`, and the `source` of a JWT provider under `external_oauth`: a shared secret, a public key or where to get one. */
function isVerificationKey(names: readonly string[]): boolean {
  const [parent, name] = names.slice(-2);
  return names.at(-1) === 'jwt_source' || (parent === 'jwt' && name === 'source');
}

const PUBLIC_KEY_SOURCE = /^\s*(https?:\/\/|-----BEGIN (RSA )?PUBLIC KEY|-----BEGIN CERTIFICATE)/;
/** An organisation id and a sha256: the id of a certificate in the store. */
const CERTIFICATE_ID = /^[0-9a-f]{88}$/;

function isPublicKeySource(source: string): boolean {
  if (CERTIFICATE_ID.test(source) || PUBLIC_KEY_SOURCE.test(source)) return true;
  return PUBLIC_KEY_SOURCE.test(Buffer.from(source, 'base64').toString());
}

function redactUrl(text: string): string {
  return text.replaceAll(/(\/\/[^/?#\s:@]*):[^/?#\s@]+@/g, `$1:${REDACTED}@`);
}

function mapFields(object: JsonObject, change: (value: JsonValue, name: string) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}
