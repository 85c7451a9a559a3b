import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

/** A client of an API's OAuth 2.0. Its secret is in the nodes' Redis alone, which needs it in clear. */
export interface OAuthClientRow extends ResourceRow {
  readonly apiId: string;
  readonly clientId: string;
  /** The policy that its tokens follow; empty for none. */
  readonly policyId: string;
}

/** OAuth clients. The documents say everything but the secret. */
export const oauthClientKind = defineKind<OAuthClientRow>({
  name: 'oauth_client',
  noun: 'OAuthClient',
  plural: 'OAuthClients',
  called: 'OAuth client',
  permission: 'oauth',
  collection: 'oauth_clients',
  fields: {
    apiId: { type: String, required: true },
    clientId: { type: String, required: true },
    policyId: { type: String, default: '' },
  },
  indexes: [[{ apiId: 1, clientId: 1 }, { unique: true }], [{ orgId: 1, apiId: 1, createdAt: 1, _id: 1 }]],
  // One of an API; another API may have one of the same id.
  keyOf: ({ apiId, clientId }) => `${apiId}/${clientId}`,
  refersTo: ['api', 'policy'],
  embeds: [],
  history: 'digests',
  shown: ['client_id', 'api_id', 'policy_id', 'redirect_uri', 'description', 'client_name', 'secret_since'],
  served: null,
  documents: null,
  counted: true,
});
