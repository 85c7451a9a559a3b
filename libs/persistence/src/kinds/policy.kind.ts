import { nodeItems, ownerFields } from '@castellan/tyk';
import { ownedFields, type Owned } from '../resources/owned';
import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface PolicyRow extends ResourceRow, Owned {
  /** The id that nodes and keys use: the explicit one, or the row's. */
  readonly policyId: string;
  readonly name: string;
  readonly active: boolean;
  /** `api_id`s that it gives access to. */
  readonly apiIds: readonly string[];
  readonly tags: readonly string[];
}

/** Policies: what keys are given. */
export const policyKind = defineKind<PolicyRow>({
  name: 'policy',
  noun: 'Policy',
  plural: 'Policies',
  called: 'policy',
  permission: 'policies',
  collection: 'policies',
  fields: {
    policyId: { type: String, required: true },
    name: { type: String, required: true },
    active: { type: Boolean, required: true },
    apiIds: { type: [String], default: [] },
    tags: { type: [String], default: [] },
    ...ownedFields,
  },
  indexes: [
    // Gateways serve every organisation, and up to 5.12 they know a policy by this id alone.
    [{ policyId: 1 }, { unique: true }],
    [{ orgId: 1, apiIds: 1 }],
    [{ orgId: 1, createdAt: -1, _id: -1 }],
  ],
  keyOf: ({ policyId }) => policyId,
  refersTo: ['api'],
  embeds: [],
  history: 'documents',
  rights: ownerFields,
  served: {
    commands: { create: 'PolicyChanged', update: 'PolicyChanged', delete: 'PolicyChanged' },
    of: nodeItems.policy,
  },
  documents: {
    section: 'policies',
    description: 'Policies, by `id` or `_id`',
    subsets: { tags: true, category: false },
  },
  counted: false,
});
