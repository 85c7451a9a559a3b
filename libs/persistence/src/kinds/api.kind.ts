import { nodeItems, ownerFields } from '@castellan/tyk';
import { ownedFields, type Owned } from '../resources/owned';
import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface ApiRow extends ResourceRow, Owned {
  readonly apiId: string;
  readonly name: string;
  /** The name as lists search it and sort by it: in lower case. */
  readonly nameKey: string;
  readonly slug: string;
  readonly listenPath: string;
  readonly domain: string;
  readonly active: boolean;
  readonly tags: readonly string[];
  /** What the API claims of the gateways' address space; absent when it claims nothing. Unique across organisations. */
  readonly claims?: readonly string[];
  /** Where the API listens, whatever its tags; absent when it claims nothing. */
  readonly addresses?: readonly string[];
  /** The slug, while slugs have to be unique. */
  readonly slugClaim?: string;
  readonly categories: readonly string[];
  readonly authTypes: readonly string[];
  readonly apiTypes: readonly string[];
  /** 24-hex ids of the web hooks it refers to. */
  readonly hookIds: readonly string[];
  readonly isOas: boolean;
  /** `api_id`s of the APIs that are versions of this one; absent when there are none. */
  readonly versionIds?: readonly string[];
}

/** API definitions, classic ones and OAS APIs alike. */
export const apiKind = defineKind<ApiRow>({
  name: 'api',
  noun: 'Api',
  plural: 'Apis',
  called: 'API',
  permission: 'apis',
  collection: 'apis',
  fields: {
    apiId: { type: String, required: true },
    name: { type: String, required: true },
    nameKey: { type: String, required: true },
    slug: { type: String, default: '' },
    listenPath: { type: String, required: true },
    domain: { type: String, default: '' },
    active: { type: Boolean, required: true },
    tags: { type: [String], default: [] },
    claims: { type: [String], default: undefined },
    addresses: { type: [String], default: undefined },
    slugClaim: { type: String },
    categories: { type: [String], default: [] },
    authTypes: { type: [String], default: [] },
    apiTypes: { type: [String], default: [] },
    hookIds: { type: [String], default: [] },
    ...ownedFields,
    isOas: { type: Boolean, default: false },
    versionIds: { type: [String], default: undefined },
  },
  indexes: [
    // Gateways know an API by its api_id alone, whatever its organisation.
    [{ apiId: 1 }, { unique: true }],
    [{ claims: 1 }, { unique: true, sparse: true }],
    [{ addresses: 1 }, { sparse: true }],
    [
      { orgId: 1, slugClaim: 1 },
      { unique: true, partialFilterExpression: { slugClaim: { $exists: true } } },
    ],
    // Lists come from memory, so no index has their orders.
    [{ orgId: 1 }],
    [{ orgId: 1, hookIds: 1 }],
    [{ versionIds: 1 }, { sparse: true }],
  ],
  keyOf: ({ apiId }) => apiId,
  refersTo: ['webhook'],
  embeds: ['webhook'],
  history: 'documents',
  rights: ownerFields,
  served: {
    commands: { create: 'ApiAdded', update: 'ApiUpdated', delete: 'ApiRemoved' },
    of: nodeItems.api,
  },
  documents: {
    section: 'apis',
    description: 'API definitions with what stands around them, by `api_id`',
    subsets: { tags: true, category: true },
  },
  counted: true,
});
