import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '@castellan/dto';
import {
  toObjectId,
  UserStore,
  type ApiRow,
  type ChangeContext,
  type OrganisationId,
  type Place,
} from '@castellan/persistence';
import { listAt, type JsonObject } from '@castellan/tyk';
import { HistoryService, summaryOf } from '../history/history.service';
import type { Precondition } from '../http/precondition';
import type { AccessRevisionListDto } from './access-history.dto';
import { ApisService } from './apis.service';
import { withCategories } from './categories';

/** Who owns an API; an API without owners is everybody's. */
export interface ApiAccess {
  readonly userIds: readonly string[];
  readonly userGroupIds: readonly string[];
}

/** What stands around a definition and is not the gateways' business: categories and owners. */
@Injectable()
export class ApiSettingsService {
  constructor(
    private readonly apis: ApisService,
    private readonly users: UserStore,
    private readonly history: HistoryService,
  ) {}

  /** @throws NotFound */
  async categories(organisation: OrganisationId, id: string): Promise<readonly string[]> {
    return (await this.apis.require(organisation, id)).categories;
  }

  /** @throws NotFound, ValidationFailed, VersionMismatch */
  async setCategories(
    context: ChangeContext,
    id: string,
    categories: readonly string[],
    precondition: Precondition,
  ): Promise<ApiRow> {
    const distinct = [...new Set(categories)];
    return this.apis.change(context, id, precondition, (wrapper) => withCategories(wrapper, distinct));
  }

  /** @throws NotFound */
  async access(organisation: OrganisationId, id: string): Promise<ApiAccess> {
    const { userOwners, groupOwners } = await this.apis.require(organisation, id);
    return { userIds: userOwners, userGroupIds: groupOwners };
  }

  /** What became of the owners over time, whether or not the API still exists. @throws NotFound for one that never was */
  async accessRevisions(
    organisation: OrganisationId,
    id: string,
    place: Place,
  ): Promise<{ readonly list: AccessRevisionListDto; readonly next: string | null }> {
    const { rows, pages, next } = await this.history.rights(this.apis, organisation, id, place);
    const revisions = rows.map(({ rights, ...row }) => {
      return { ...summaryOf(row), before: accessOf(rights.before), after: accessOf(rights.after) };
    });
    return { list: { revisions, pages }, next };
  }

  /** @throws NotFound, ValidationFailed for users whom the organisation does not have, VersionMismatch */
  async setAccess(
    context: ChangeContext,
    id: string,
    { userIds, userGroupIds }: ApiAccess,
    precondition: Precondition,
  ): Promise<ApiRow> {
    const known = await this.users.existing(context.organisation, userIds.map(toObjectId));
    const problems = userIds.flatMap((userId, index) =>
      known.has(userId.toLowerCase()) ? [] : [{ path: `userIds[${index}]`, message: 'is no user of the organisation' }],
    );
    if (problems.length > 0) throw new ValidationFailed(problems);
    const owners = { user_owners: [...new Set(userIds)], user_group_owners: [...new Set(userGroupIds)] };
    return this.apis.change(context, id, precondition, (wrapper) => ({ ...wrapper, ...owners }));
  }
}

const accessOf = (wrapper: JsonObject): ApiAccess => {
  const ids = (field: string): string[] => listAt(wrapper, field).filter((id) => typeof id === 'string');
  return { userIds: ids('user_owners'), userGroupIds: ids('user_group_owners') };
};
