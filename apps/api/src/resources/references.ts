import type { ClientSession } from 'mongoose';
import type { ApiRow, ApiStore, OrganisationId, WebhookRow, WebhookStore } from '@castellan/persistence';

export type ReferredApi = Pick<ApiRow, 'apiId' | 'document'>;
export type ReferredHook = Pick<WebhookRow, '_id' | 'document'>;

/** Where drafts look up what they refer to. Of another organisation's resources there are none (promise 6). */
export interface References {
  /** The APIs that have these `api_id`s, as far as there are such. */
  apis(apiIds: readonly string[]): Promise<readonly ReferredApi[]>;
  /** The web hooks that have these ids or `webhook_id`s, as far as there are such. */
  webhooks(ids: readonly string[]): Promise<readonly ReferredHook[]>;
}

/** What there is in the database, as a transaction sees it. */
export class StoredReferences implements References {
  constructor(
    private readonly stores: { readonly apis: ApiStore; readonly webhooks: WebhookStore },
    private readonly organisation: OrganisationId,
    private readonly session: ClientSession,
  ) {}

  async apis(apiIds: readonly string[]): Promise<readonly ReferredApi[]> {
    if (apiIds.length === 0) return [];
    return this.stores.apis.findAll(this.organisation, { apiId: { $in: [...apiIds] } }, this.session);
  }

  async webhooks(ids: readonly string[]): Promise<readonly ReferredHook[]> {
    return this.stores.webhooks.byEitherIds(this.organisation, ids, this.session);
  }
}
