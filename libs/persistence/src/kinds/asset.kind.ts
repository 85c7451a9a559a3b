import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface AssetRow extends ResourceRow {
  /** The id of its own, unique in the organisation. */
  readonly assetId: string;
  readonly name: string;
  /** What sort of asset; there is `oas-template`. */
  readonly assetKind: string;
}

/** Templates of APIs. Nodes know nothing of them. */
export const assetKind = defineKind<AssetRow>({
  name: 'asset',
  noun: 'Asset',
  plural: 'Assets',
  called: 'asset',
  permission: 'api_assets',
  collection: 'assets',
  fields: {
    assetId: { type: String, required: true },
    name: { type: String, required: true },
    assetKind: { type: String, required: true },
  },
  indexes: [[{ orgId: 1, assetId: 1 }, { unique: true }], [{ orgId: 1, createdAt: -1, _id: -1 }]],
  keyOf: ({ assetId }) => assetId,
  refersTo: [],
  embeds: [],
  history: 'documents',
  served: null,
  documents: {
    section: 'assets',
    description: 'Templates of APIs, by `id`',
    subsets: { tags: false, category: false },
  },
  counted: true,
});
