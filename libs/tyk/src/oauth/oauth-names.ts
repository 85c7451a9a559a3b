/*
 * Where gateways keep OAuth 2.0 in Redis (docs/tyk/oauth.md#redis). All of an API's names begin alike; in lists and sets that
 * beginning is left out.
 */

/** How all names of an API begin. */
export const oauthPrefix = (apiId: string): string => `oauth-data.${apiId}.`;

const CLIENT = 'oauth-clientid.';

/** A client, as an entry of the index of clients. */
export const oauthClientEntry = (clientId: string): string => `${CLIENT}${clientId}`;

/** The client of an entry of the index; null when it is none. */
export const clientOfEntry = (entry: string): string | null =>
  entry.startsWith(CLIENT) ? entry.slice(CLIENT.length) : null;

export const oauthClientName = (apiId: string, clientId: string): string =>
  `${oauthPrefix(apiId)}${oauthClientEntry(clientId)}`;

/** The list of an API's clients, of entries. */
export const oauthIndexName = (apiId: string, organisation: string): string =>
  `${oauthPrefix(apiId)}oauth-client-index.${organisation}`;

/** The set of an API's clients, of their texts: what gateways in a cluster read instead of the list. */
export const oauthSetName = (apiId: string): string => `${oauthPrefix(apiId)}oauth-clientset.${CLIENT}`;

/** A client's tokens, by their hashes and ends. */
export const oauthTokensName = (apiId: string, clientId: string): string =>
  `${oauthPrefix(apiId)}oauth-client-tokens.${clientId}`;

const ACCESS = 'oauth-access.';
const REFRESH = 'oauth-refresh.';

/** An access token, by its hash. */
export const oauthAccessName = (apiId: string, hash: string): string => `${oauthPrefix(apiId)}${ACCESS}${hash}`;

/** The hash in the name of an access token; null when the name is of something else. */
export const hashOfAccessName = (apiId: string, name: string): string | null => {
  const beginning = `${oauthPrefix(apiId)}${ACCESS}`;
  return name.startsWith(beginning) ? name.slice(beginning.length) : null;
};

/** How the names of refresh tokens begin, which are not hashed. */
export const oauthRefreshPrefix = (apiId: string): string => `${oauthPrefix(apiId)}${REFRESH}`;

export const oauthRefreshName = (apiId: string, token: string): string => `${oauthRefreshPrefix(apiId)}${token}`;
