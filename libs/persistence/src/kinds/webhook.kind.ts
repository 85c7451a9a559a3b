import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface WebhookRow extends ResourceRow {
  readonly name: string;
  /** The id that goes with the hook when it moves to another installation. */
  readonly webhookId?: string;
  /** Counts the writes of APIs that refer to the hook; see `WebhookStore.hold`. */
  readonly holds?: number;
}

/** Web hooks reach nodes only inside the definitions that refer to them, which are rewritten with the hook. */
export const webhookKind = defineKind<WebhookRow>({
  name: 'webhook',
  noun: 'Hook',
  plural: 'Hooks',
  called: 'web hook',
  permission: 'hooks',
  collection: 'webhooks',
  fields: {
    name: { type: String, required: true },
    webhookId: { type: String },
    holds: { type: Number },
  },
  indexes: [
    [
      { orgId: 1, webhookId: 1 },
      { unique: true, partialFilterExpression: { webhookId: { $exists: true } } },
    ],
    [{ orgId: 1, createdAt: -1, _id: -1 }],
  ],
  refersTo: [],
  embeds: [],
  history: 'documents',
  served: null,
  documents: {
    section: 'hooks',
    description: 'Web hooks, by `id`',
    subsets: { tags: false, category: false },
  },
  counted: false,
});
