import { KEY_HASH_ALGORITHMS, type KeyHashAlgorithm } from './key-hash-algorithm';

/** A token taken apart (docs/tyk/keys.md#tokens). */
export type ParsedToken =
  | { form: 'json'; organisationId: string; keyId: string; algorithm: KeyHashAlgorithm | undefined }
  | { form: 'legacy'; organisationId: string | undefined; keyId: string };

const ORGANISATION_ID_LENGTH = 24;
/** What `{"` becomes in base64: only such tokens are looked into. */
const JSON_TOKEN_PREFIX = 'ey';

/**
 * The token under which a gateway keeps a key (docs/tyk/keys.md#tokens): without an algorithm the organisation id and
 * the key id in a row, with one the base64 of a small JSON document whose bytes must be exactly these.
 *
 * @param keyId 32 hex digits for generated keys, free text for custom keys
 * @throws RangeError for an id that cannot stand in the JSON form unescaped (gateways do not escape it)
 */
export function generateToken(organisationId: string, keyId: string, algorithm?: KeyHashAlgorithm): string {
  if (algorithm === undefined) return organisationId + keyId;
  for (const part of [organisationId, keyId]) {
    if (JSON.stringify(part) !== `"${part}"`)
      throw new RangeError('An id in a token cannot hold quotes or control characters.');
  }
  return Buffer.from(`{"org":"${organisationId}","id":"${keyId}","h":"${algorithm}"}`).toString('base64');
}

/** Takes a token apart; a custom key without an organisation in front is `legacy` with `organisationId` undefined. */
export function parseToken(token: string): ParsedToken {
  const json = tokenJson(token);
  const organisation = json === undefined ? undefined : topLevelString(json, 'org');
  if (json !== undefined && organisation !== undefined) {
    return {
      form: 'json',
      organisationId: organisation,
      keyId: topLevelString(json, 'id') ?? '',
      algorithm: tokenAlgorithm(token),
    };
  }
  const organisationId = legacyOrganisation(token);
  return {
    form: 'legacy',
    organisationId,
    keyId: organisationId === undefined ? token : token.slice(ORGANISATION_ID_LENGTH),
  };
}

/** The organisation a token belongs to, or undefined when the token does not say. */
export function organisationOfToken(token: string): string | undefined {
  const { organisationId } = parseToken(token);
  return organisationId === '' ? undefined : organisationId;
}

/** The algorithm a JSON token asks to be looked up with; undefined when there is none or no gateway knows it. */
export function tokenAlgorithm(token: string): KeyHashAlgorithm | undefined {
  const json = tokenJson(token);
  const named = json === undefined ? undefined : topLevelString(json, 'h');
  return KEY_HASH_ALGORITHMS.find((known) => known === named);
}

/** Tokens in the JSON form, and those of an organisation's id and a generated one. */
const TOKENS = /(?<![A-Za-z0-9+/])eyJ[A-Za-z0-9+/]{40,}={0,2}|(?<![0-9A-Fa-f])[0-9a-f]{56}(?![0-9A-Fa-f])/g;

/** A text without the tokens of keys that can be told from other words. Custom keys are words like any other. */
export function withoutKeyTokens(text: string, instead: string): string {
  return text.replace(TOKENS, (found) =>
    found.startsWith(JSON_TOKEN_PREFIX) && organisationOfToken(found) === undefined ? found : instead,
  );
}

function legacyOrganisation(token: string): string | undefined {
  if (token.length <= ORGANISATION_ID_LENGTH) return undefined;
  const head = token.slice(0, ORGANISATION_ID_LENGTH);
  return /^[0-9a-f]+$/i.test(head) ? head : undefined;
}

/** The JSON text inside a base64 token, if it is one. Go's decoder is stricter than Node's: padding must be there, line ends may. */
function tokenJson(token: string): string | undefined {
  if (!token.startsWith(JSON_TOKEN_PREFIX)) return undefined;
  const base64 = token.replace(/[\r\n]/g, '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;

  const text = Buffer.from(base64, 'base64').toString();
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? text : undefined;
  } catch {
    return undefined;
  }
}

const JSON_TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The text value of the first field of this name. `JSON.parse` would give the last one, gateways read the first, and the two
 * must not disagree about whose token this is.
 *
 * @param json valid JSON text of an object
 */
function topLevelString(json: string, name: string): string | undefined {
  const tokens = json.match(JSON_TOKENS) ?? [];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth !== 1 || tokens[index + 1] !== ':' || parseText(token) !== name) continue;

    const value = tokens[index + 2];
    return value?.startsWith('"') === true ? parseText(value) : undefined;
  }
  return undefined;
}

function parseText(token: string): string | undefined {
  const value: unknown = token.startsWith('"') ? JSON.parse(token) : undefined;
  return typeof value === 'string' ? value : undefined;
}
