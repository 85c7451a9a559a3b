import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface IdentityProviderRow extends ResourceRow {
  readonly name: string;
  readonly active: boolean;
}

/** Providers of identities by OpenID Connect, by which people of an organisation log in. Their secrets are sealed. */
export const identityProviderKind = defineKind<IdentityProviderRow>({
  name: 'identity_provider',
  noun: 'IdentityProvider',
  plural: 'IdentityProviders',
  called: 'identity provider',
  permission: 'idm',
  collection: 'identity_providers',
  fields: {
    name: { type: String, required: true },
    active: { type: Boolean, required: true },
  },
  indexes: [[{ orgId: 1, createdAt: 1, _id: 1 }]],
  refersTo: ['user_group'],
  embeds: [],
  history: 'digests',
  shown: [
    ...['name', 'active', 'issuer', 'client_id', 'scopes', 'id_token_alg', 'groups_claim', 'group_mappings'],
    ...['default_groups', 'create_users', 'link_users', 'trust_emails', 'use_userinfo'],
  ],
  served: null,
  documents: null,
  counted: false,
});
