import { Injectable } from '@nestjs/common';
import { ApiStore, WebhookStore, type ApiRow, type WebhookRow } from '@castellan/persistence';
import type { ReadScope } from './read-scope';

export type ReferredApi = Pick<ApiRow, 'apiId' | 'document' | 'userOwners' | 'groupOwners'>;
export type ReferredHook = Pick<WebhookRow, '_id' | 'document'>;

/** Where drafts look up what they refer to. Of another organisation's resources there are none (promise 6). */
export interface References {
  /** The APIs that have these `api_id`s, as far as there are such. */
  apis(apiIds: readonly string[]): Promise<readonly ReferredApi[]>;
  /** The web hooks that have these ids or `webhook_id`s, as far as there are such. */
  webhooks(ids: readonly string[]): Promise<readonly ReferredHook[]>;
}

/** Looks up what there is in the database, as a unit of work sees it. */
@Injectable()
export class StoredReferences {
  constructor(
    private readonly apis: ApiStore,
    private readonly webhooks: WebhookStore,
  ) {}

  of({ organisation, session }: ReadScope): References {
    return {
      apis: async (apiIds) =>
        apiIds.length === 0 ? [] : this.apis.findAll(organisation, { apiId: { $in: [...apiIds] } }, session),
      webhooks: (ids) => this.webhooks.byEitherIds(organisation, ids, session),
    };
  }
}
