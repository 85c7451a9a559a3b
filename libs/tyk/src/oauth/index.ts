export { readClient, readIssuedToken, writeClient, type IssuedToken, type NodeClient } from './oauth-client';
export {
  clientOfEntry,
  hashOfAccessName,
  oauthAccessName,
  oauthClientEntry,
  oauthClientName,
  oauthIndexName,
  oauthPrefix,
  oauthRefreshName,
  oauthRefreshPrefix,
  oauthSetName,
  oauthTokensName,
} from './oauth-names';
export { checkRedirectUris, isWholeHost } from './redirect-uris';
