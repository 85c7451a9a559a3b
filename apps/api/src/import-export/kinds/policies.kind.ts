import { Injectable } from '@nestjs/common';
import { RevisionStore, type Draft, type Head, type OrganisationId, type PolicyRow } from '@castellan/persistence';
import type { Types } from 'mongoose';
import type { FieldError } from '@castellan/dto';
import { contentDigest, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { PoliciesService } from '../../policies/policies.service';
import type { ResourceTransaction } from '../../resources/resource-transaction';
import { without } from './fields';
import type { Drafted, Existing, Facts, Identity } from './kind';
import { StoredKind } from './stored-kind';

/** Policies in exports and imports. */
@Injectable()
export class PoliciesKind extends StoredKind<PolicyRow> {
  /** Whether keys need them was asked before, for all at once. */
  protected override readonly removal = { force: true };

  constructor(
    private readonly policies: PoliciesService,
    revisions: RevisionStore,
  ) {
    super({ name: 'policies', idPath: '_id' }, policies, revisions);
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
   * Castellan dates policies, and looks at no dates when it asks whether one has changed (decision 13). A new policy
   * keeps those that it brings along.
   */
  override async draft(
    transaction: ResourceTransaction,
    policy: JsonObject,
    id: Types.ObjectId,
    stored: JsonObject | null,
  ): Promise<Drafted> {
    if (stored === null) return super.draft(transaction, policy, id, stored);
    const [created, updated] = [dateOf(stored, 'date_created'), dateOf(stored, 'last_updated')];
    const undated = without(policy, 'last_updated');
    const same = await super.draft(transaction, { ...undated, ...created, ...updated }, id, stored);
    if (contentDigest(parseJson(same.draft.document)) === contentDigest(stored)) return same;
    return super.draft(transaction, { ...undated, ...created }, id, stored);
  }

  override usersOf(organisation: OrganisationId, deleted: readonly Existing[]): Promise<readonly FieldError[]> {
    return this.policies.usersOf(
      organisation,
      deleted.map(({ _id, key }) => ({ _id, policyId: key })),
    );
  }

  protected factsOf({ policyId, name, tags }: Draft<PolicyRow> | Head<PolicyRow>): Facts {
    return { key: policyId, name, tags, categories: null, claims: [], slug: null, hookIds: [], versionIds: [] };
  }
}

const dateOf = (stored: JsonObject, name: string): JsonObject => {
  const date = textAt(stored, name);
  return date === '' ? {} : { [name]: date };
};
