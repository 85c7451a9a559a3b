import { Injectable } from '@nestjs/common';
import { CastellanError, Forbidden } from '@castellan/dto';
import { ApiStore } from '@castellan/persistence';
import { allows } from '@castellan/rbac';
import type { OrganisationContext } from '../../http/request-context';

/** Whose figures a user may see: of these APIs, or of the whole organisation (null). */
export type Scope = readonly string[] | null;

/** Rights to figures: `analytics` for all of the organisation's, `owned_analytics` for those of the APIs that a user owns. */
@Injectable()
export class AnalyticsRights {
  constructor(private readonly apis: ApiStore) {}

  /** @throws Forbidden for who has neither of the rights, or asks for an API that it may not see */
  async scope({ organisation, user, request }: OrganisationContext, apiId?: string): Promise<Scope> {
    if (allows(user.grants, 'analytics', 'read')) return apiId === undefined ? null : [apiId];
    if (!allows(user.grants, 'owned_analytics', 'read')) throw new Forbidden(request.path);
    const owned = (await this.apis.summaries(organisation))
      .filter(({ userOwners }) => userOwners.includes(user.userId))
      .map((api) => api.apiId);
    if (apiId === undefined) return owned;
    if (!owned.includes(apiId)) {
      // Tyk's words.
      throw new CastellanError(403, 'forbidden', 'User does not have access to the API with ID.');
    }
    return [apiId];
  }
}
