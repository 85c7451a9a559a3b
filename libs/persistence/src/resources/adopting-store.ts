import { toObjectId, type OrganisationId } from '../ids';
import { contentDigest, parseJson } from '@castellan/tyk';
import { DuplicateKey } from './duplicate-key';
import type { Draft, ResourceRow } from './resource-row';
import { ResourceStore } from './resource-store';

/** Rows of a kind that nodes make, too: those are noted when they are found, as nobody here has made them. */
export abstract class AdoptingStore<Row extends ResourceRow> extends ResourceStore<Row> {
  /** Notes what was found; a row that is there already stays as it is. */
  async adopt(organisation: OrganisationId, draft: Draft<Row>, at: Date): Promise<void> {
    const digest = contentDigest(parseJson(draft.document));
    const state = { orgId: toObjectId(organisation), version: 1, digest, createdAt: at, updatedAt: at };
    try {
      await this.translate(this.model.collection.insertOne({ ...draft, ...state }));
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
}
