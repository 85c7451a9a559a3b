import { isJsonObject, ownField, parseJson, type JsonObject, type JsonValue } from '../json/json-text';
import { objectAt, textAt } from '../json/read';

/** A client as gateways keep it. */
export interface NodeClient {
  readonly clientId: string;
  readonly secret: string;
  readonly redirectUri: string;
  readonly policyId: string;
  readonly description: string;
  readonly metadata: JsonValue;
}

/** The text of a client, with names and order as gateways write them. */
export function writeClient({ clientId, secret, redirectUri, policyId, description, metadata }: NodeClient): string {
  return JSON.stringify({
    id: clientId,
    secret,
    redirecturi: redirectUri,
    ...(metadata === null ? {} : { meta_data: metadata }),
    policyid: policyId,
    description,
  });
}

/** @returns null for what is no client */
export function readClient(text: string): NodeClient | null {
  const client = readObject(text);
  const clientId = textAt(client, 'id');
  if (client === null || clientId === '') return null;
  return {
    clientId,
    secret: textAt(client, 'secret'),
    redirectUri: textAt(client, 'redirecturi'),
    policyId: textAt(client, 'policyid'),
    description: textAt(client, 'description'),
    metadata: ownField(client, 'meta_data') ?? null,
  };
}

/** What gateways keep of an access token, in clear, under its hash; and the same under the refresh token. */
export interface IssuedToken {
  readonly clientId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** @returns null for what is no token */
export function readIssuedToken(text: string): IssuedToken | null {
  const token = readObject(text);
  if (token === null) return null;
  return {
    clientId: textAt(objectAt(token, 'Client'), 'id'),
    accessToken: textAt(token, 'AccessToken'),
    refreshToken: textAt(token, 'RefreshToken'),
  };
}

function readObject(text: string): JsonObject | null {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
