import { Injectable } from '@nestjs/common';
import { RevisionStore, type Draft, type Head, type OrganisationId, type PolicyRow } from '@castellan/persistence';
import type { Types } from 'mongoose';
import { contentDigest, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { PoliciesService } from '../../organisation/policies/policies.service';
import type { ResourceTransaction } from '../../organisation/resource/resource-transaction';
import { without } from './fields';
import type { Drafted, Facts, Identity } from './kind';
import { StoredKind } from './stored-kind';

/** Policies in exports and imports. */
@Injectable()
export class PoliciesKind extends StoredKind<PolicyRow> {
  constructor(service: PoliciesService, revisions: RevisionStore) {
    super({ name: 'policies', idPath: '_id' }, service, revisions);
  }

  identityOf(policy: JsonObject): Identity {
    return { id: textAt(policy, '_id'), key: textAt(policy, 'id') };
  }

  /** Keys and nodes go by the explicit id, so one that the document does not say stays. */
  withIdentity(policy: JsonObject, { id, key }: Identity, organisation: OrganisationId): JsonObject {
    const explicit = textAt(policy, 'id') === '' && key !== '' && key !== id ? { id: key } : {};
    return { ...policy, ...explicit, _id: id, org_id: organisation };
  }

  portable(policy: JsonObject): JsonObject {
    return without(policy, 'org_id');
  }

  /**
   * Castellan dates policies. A document without the dates keeps those that there are, as long as nothing else changes:
   * the same import twice must change nothing the second time.
   */
  override async draft(
    transaction: ResourceTransaction,
    policy: JsonObject,
    id: Types.ObjectId,
    stored: JsonObject | null,
  ): Promise<Drafted> {
    const created = dateOf(stored, policy, 'date_created');
    const updated = dateOf(stored, policy, 'last_updated');
    const drafted = await super.draft(transaction, { ...policy, ...created, ...updated }, id, stored);
    const isSame = stored !== null && contentDigest(parseJson(drafted.draft.document)) === contentDigest(stored);
    if (isSame || Object.keys(updated).length === 0) return drafted;
    return super.draft(transaction, { ...policy, ...created }, id, stored);
  }

  protected factsOf({ policyId, name, tags }: Draft<PolicyRow> | Head<PolicyRow>): Facts {
    return { key: policyId, name, tags, categories: null, claims: [], slug: null, hookIds: [] };
  }
}

/** A date that the document does not say, as it is stored. */
const dateOf = (stored: JsonObject | null, policy: JsonObject, name: string): JsonObject => {
  const date = stored === null || textAt(policy, name) !== '' ? '' : textAt(stored, name);
  return date === '' ? {} : { [name]: date };
};
