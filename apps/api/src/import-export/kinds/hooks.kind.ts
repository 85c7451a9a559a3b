import { Injectable } from '@nestjs/common';
import { RevisionStore, type Draft, type Head, type OrganisationId, type WebhookRow } from '@castellan/persistence';
import { textAt, type JsonObject } from '@castellan/tyk';
import { WebhooksService } from '../../webhooks/webhooks.service';
import { without } from './fields';
import type { Facts, Identity } from './kind';
import { StoredKind } from './stored-kind';

/** Web hooks in exports and imports. */
@Injectable()
export class HooksKind extends StoredKind<WebhookRow> {
  constructor(service: WebhooksService, revisions: RevisionStore) {
    super({ name: 'hooks', idPath: 'id' }, service, revisions);
  }

  identityOf(hook: JsonObject): Identity {
    const id = textAt(hook, 'id');
    return { id, key: id };
  }

  withIdentity(hook: JsonObject, { id }: Identity, organisation: OrganisationId): JsonObject {
    return { ...hook, id, org_id: organisation };
  }

  portable(hook: JsonObject): JsonObject {
    return without(hook, 'org_id');
  }

  protected factsOf({ _id, name }: Draft<WebhookRow> | Head<WebhookRow>): Facts {
    return {
      key: _id.toString(),
      name,
      tags: null,
      categories: null,
      claims: [],
      slug: null,
      hookIds: [],
      versionIds: [],
    };
  }
}
