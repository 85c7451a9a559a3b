import { Injectable } from '@nestjs/common';
import {
  OrganisationStore,
  PolicyStore,
  type ChangeContext,
  type EveryOrganisation,
  type KeyFilter,
  type KeyRow,
  type OrganisationId,
} from '@castellan/persistence';
import { ApiListings } from '../apis/api-listings';
import { Sight } from './sight';

/** Whoever asks, and in whose organisation. */
export type Asker = Pick<ChangeContext, 'organisation' | 'viewer'>;

/** The same, or a super user who asks of all organisations and sees everything. */
export type SpanAsker = Asker | { readonly organisation: EveryOrganisation; readonly viewer?: undefined };

/** Which keys somebody does not see. */
type HiddenKeys = NonNullable<KeyFilter['without']>;

/** Finds out what users see of their organisation's APIs, policies and keys. */
@Injectable()
export class Sights {
  constructor(
    private readonly organisations: OrganisationStore,
    private readonly policies: PolicyStore,
    private readonly listings: ApiListings,
  ) {}

  /** Null for those who see everything: administrators, the operator, and everybody where owners restrict nothing. */
  async of(asker: SpanAsker): Promise<Sight | null> {
    if (asker.viewer === undefined) return null;
    const { organisation, viewer } = asker;
    if (!(await this.organisations.hasOwnership(organisation))) return null;
    return new Sight(viewer, await this.listings.of(organisation));
  }

  /** What keys must not open to be seen; null where every key is. */
  async hiddenKeys(asker: Asker): Promise<HiddenKeys | null> {
    const sight = await this.of(asker);
    if (sight === null) return null;
    const apiIds = [...sight.hiddenApiIds];
    const policyIds = await this.hiddenPolicyIds(asker.organisation, sight);
    return apiIds.length === 0 && policyIds.length === 0 ? null : { apiIds, policyIds };
  }

  /** Whether a key opens only what is seen. */
  async seesKey(asker: Asker, { apiIds, policyIds }: Pick<KeyRow, 'apiIds' | 'policyIds'>): Promise<boolean> {
    const hidden = await this.hiddenKeys(asker);
    if (hidden === null) return true;
    // Nodes open every API to a key that names none.
    if (apiIds.length === 0 && policyIds.length === 0) return false;
    return !apiIds.some((id) => hidden.apiIds.includes(id)) && !policyIds.some((id) => hidden.policyIds.includes(id));
  }

  /** By whichever id keys may name them. */
  private async hiddenPolicyIds(organisation: OrganisationId, sight: Sight): Promise<readonly string[]> {
    const heads = await this.policies.heads(organisation);
    return heads
      .filter((policy) => !sight.seesPolicy(policy))
      .flatMap(({ _id, policyId }) => [...new Set([_id.toString(), policyId])]);
  }
}
