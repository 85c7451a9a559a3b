import { Injectable } from '@nestjs/common';
import { CastellanError, Forbidden } from '@castellan/dto';
import { isTheirs, type ApiSummary } from '@castellan/persistence';
import { allows } from '@castellan/rbac';
import { ApiListings } from '../../apis/api-listings';
import type { SpanContext } from '../../http/request-context';
import { Sights } from '../../ownership/sights';

/** Whose figures a user may see: of these APIs, or of the whole organisation (null). */
export type Scope = readonly string[] | null;

/** Rights to figures: `analytics` for all of the organisation's, `owned_analytics` for those of the APIs that a user owns. */
@Injectable()
export class AnalyticsRights {
  constructor(
    private readonly listings: ApiListings,
    private readonly sights: Sights,
  ) {}

  /** @throws Forbidden for who has neither of the rights, or asks for an API that it may not see */
  async scope(context: SpanContext, apiId?: string): Promise<Scope> {
    const { user, request } = context;
    if (allows(user.grants, 'analytics', 'read')) return within(await this.seen(context), apiId);
    if (!allows(user.grants, 'owned_analytics', 'read')) throw new Forbidden(request.path);
    return within(await this.owned(context), apiId);
  }

  /** Whose requests a user may read one by one; null for everybody's. */
  async seen(context: SpanContext): Promise<Scope> {
    const sight = await this.sights.of(context);
    return sight === null ? null : sight.apis.map(({ apiId }) => apiId);
  }

  private async owned({ organisation, user }: SpanContext): Promise<Scope> {
    const isOwned = ({ userOwners, groupOwners }: ApiSummary): boolean =>
      userOwners.length + groupOwners.length > 0 && isTheirs(user, { userOwners, groupOwners });
    return (await this.listings.of(organisation))
      .inOrder('created_at')
      .filter(isOwned)
      .map(({ apiId }) => apiId);
  }
}

const within = (scope: Scope, apiId: string | undefined): Scope => {
  if (apiId === undefined) return scope;
  // Tyk's words.
  if (scope?.includes(apiId) === false) {
    throw new CastellanError(403, 'forbidden', 'User does not have access to the API with ID.');
  }
  return [apiId];
};
