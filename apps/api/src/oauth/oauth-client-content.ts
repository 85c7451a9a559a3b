import { randomUUID } from 'node:crypto';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import type { Draft, OAuthClientRow } from '@castellan/persistence';
import {
  checkRedirectUris,
  isJsonObject,
  isWholeHost,
  objectAt,
  ownField,
  parseJson,
  REDACTED,
  textAt,
  writeClient,
  type JsonObject,
  type JsonValue,
  type NodeClient,
} from '@castellan/tyk';

/** What a body says of a client; what it leaves out is null. */
export interface ClientContent {
  readonly clientId: string | null;
  readonly secret: string | null;
  readonly redirectUri: string | null;
  readonly policyId: string | null;
  readonly description: string | null;
  readonly name: string | null;
  readonly metadata: JsonValue | undefined;
}

const longestText = 1_000;
const largestMetadata = 16 * 1024;
/** What goes through a header of basic authentication and a form as it is. */
const plain = /^[A-Za-z0-9._~=/-]+$/;

/** @param separator of redirect URIs, as gateways have it @throws ValidationFailed */
export const parseClient = (body: unknown, separator: string): ClientContent => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  const sent = body as JsonValue | undefined;
  if (!isJsonObject(sent)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }], malformed);
  const problems: FieldError[] = [];
  const textOf = (name: string): string | null => {
    const value = ownField(sent, name) ?? null;
    if (value === null) return null;
    if (typeof value !== 'string') problems.push({ path: name, message: 'must be text' });
    else if (name !== 'redirect_uri' && value.length > longestText) {
      problems.push({ path: name, message: `must have at most ${longestText} characters` });
    }
    return typeof value === 'string' ? value : null;
  };
  const content: ClientContent = {
    clientId: textOf('client_id'),
    secret: textOf('secret'),
    redirectUri: textOf('redirect_uri'),
    policyId: textOf('policy_id'),
    description: textOf('description'),
    name: textOf('client_name'),
    metadata: ownField(sent, 'meta_data'),
  };
  const { redirectUri, metadata } = content;
  const uriProblem = redirectUri === null ? null : checkRedirectUris(redirectUri, separator);
  if (uriProblem !== null) problems.push({ path: 'redirect_uri', message: uriProblem });
  for (const [path, value] of [
    ['client_id', content.clientId],
    ['secret', content.secret === REDACTED ? null : content.secret],
  ] as const) {
    if (value === null || value === '' || plain.test(value)) continue;
    problems.push({ path, message: 'must be of letters, digits and . _ ~ = / -, which need no encoding anywhere' });
  }
  if (content.clientId === '.' || content.clientId === '..') {
    problems.push({ path: 'client_id', message: 'must not be . or .., which no address can hold' });
  }
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) {
    problems.push({ path: 'meta_data', message: 'must be an object' });
  } else if (Buffer.byteLength(JSON.stringify(metadata ?? null)) > largestMetadata) {
    problems.push({ path: 'meta_data', message: `may take ${largestMetadata} bytes of JSON text` });
  }
  if (problems.length > 0) throw new ValidationFailed(problems);
  return content;
};

const malformed = 'Request body malformed.';

/** As gateways make ids and secrets. */
export const newClientId = (): string => randomUUID().replaceAll('-', '');
export const newSecret = (): string => Buffer.from(randomUUID()).toString('base64');

/** A client: what everybody may see, and the secret. */
export interface Client extends NodeClient {
  /** A name that gateways know nothing of. */
  readonly name: string;
  /** When the secret was made, in ISO 8601; empty where a gateway has made it. */
  readonly secretSince: string;
}

/** The row of a client, without its secret. */
export const clientDraft = (_id: OAuthClientRow['_id'], apiId: string, client: Client): Draft<OAuthClientRow> => ({
  _id,
  apiId,
  clientId: client.clientId,
  policyId: client.policyId,
  document: JSON.stringify({
    api_id: apiId,
    client_id: client.clientId,
    client_name: client.name,
    redirect_uri: client.redirectUri,
    policy_id: client.policyId,
    description: client.description,
    meta_data: client.metadata,
    secret_since: client.secretSince,
  }),
});

/** What a stored client says, with a secret that it does not have. */
export const storedClient = ({ document }: Pick<OAuthClientRow, 'document'>, secret: string): Client => {
  const stored = objectAt(parseJson(document));
  return {
    clientId: textAt(stored, 'client_id'),
    secret,
    redirectUri: textAt(stored, 'redirect_uri'),
    policyId: textAt(stored, 'policy_id'),
    description: textAt(stored, 'description'),
    metadata: ownField(stored, 'meta_data') ?? null,
    name: textAt(stored, 'client_name'),
    secretSince: textAt(stored, 'secret_since'),
  };
};

/** A client with what a body says of it. Ids and secrets have ways of their own to change. */
export const changed = (client: Client, content: ClientContent): Client => ({
  ...client,
  redirectUri: content.redirectUri ?? client.redirectUri,
  policyId: content.policyId ?? client.policyId,
  description: content.description ?? client.description,
  name: content.name ?? client.name,
  metadata: content.metadata === undefined ? client.metadata : content.metadata,
});

/** The text that gateways read. */
export const nodeText = (client: Client): string => writeClient(client);

/** A client as clients of this API get it. @param secret shown when it was made just now, and never again */
export const clientReply = (row: Pick<OAuthClientRow, 'document'>, secret = REDACTED): JsonObject => {
  const { clientId, redirectUri, policyId, description, metadata, name } = storedClient(row, '');
  return {
    client_id: clientId,
    secret,
    redirect_uri: redirectUri,
    policy_id: policyId,
    description,
    meta_data: metadata,
    client_name: name,
    dcr_registration: { access_token: '', client_uri: '', provider: '' },
    ...(isWholeHost(redirectUri) ? { warnings: [wholeHost] } : {}),
  };
};

const wholeHost = 'Gateways compare redirects by the beginning of the path: this one allows every path of its host';
