import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

/**
 * Keys, whose documents are sessions in the nodes' Redis: no store of documents has them, and their history keeps none. What is
 * found by is in the index of keys.
 */
export const keyKind = defineKind<ResourceRow>({
  name: 'key',
  noun: 'Key',
  plural: 'Keys',
  called: 'key',
  permission: 'keys',
  collection: 'keys',
  elsewhere: true,
  fields: {},
  indexes: [],
  refersTo: ['api', 'policy'],
  embeds: [],
  history: 'digests',
  shown: [
    ...['alias', 'tags', 'apply_policies', 'expires', 'is_inactive', 'certificate', 'oauth_client_id', 'org_id'],
    ...['rate', 'per', 'quota_max', 'quota_renewal_rate', 'access_rights', 'date_created'],
  ],
  served: null,
  documents: null,
  counted: false,
});
