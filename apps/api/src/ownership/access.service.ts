import { Injectable } from '@nestjs/common';
import type { ChangeContext, OrganisationId, Owned, Place, ResourceRow } from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { HistoryService, summaryOf } from '../history/history.service';
import type { Precondition } from '../http/precondition';
import type { ResourceService } from '../resources/resource.service';
import type { AccessRevisionListDto } from './access.dto';
import { Owners } from './owners';
import { ownersIn } from './sight';

/** Who owns a resource, in the words of Tyk's clients; one without owners is everybody's. */
export interface Access {
  readonly userIds: readonly string[];
  readonly userGroupIds: readonly string[];
}

export type OwnedResource = ResourceService<ResourceRow & Owned>;

/** Who owns APIs and policies. Owners are no content: they have a history of their own, and stay when the content goes back. */
@Injectable()
export class AccessService {
  constructor(
    private readonly owners: Owners,
    private readonly history: HistoryService,
  ) {}

  /** @throws NotFound */
  async of(resource: OwnedResource, organisation: OrganisationId, id: string): Promise<Access> {
    return accessOf(await resource.require(organisation, id));
  }

  /** What became of the owners over time, whether or not the resource still exists. @throws NotFound for one that never was */
  async revisions(
    resource: OwnedResource,
    organisation: OrganisationId,
    id: string,
    place: Place,
  ): Promise<{ readonly list: AccessRevisionListDto; readonly next: string | null }> {
    const { rows, pages, next } = await this.history.rights(resource, organisation, id, place);
    const revisions = rows.map(({ rights, ...row }) => {
      return { ...summaryOf(row), before: accessIn(rights.before), after: accessIn(rights.after) };
    });
    return { list: { revisions, pages }, next };
  }

  /** @throws NotFound, ValidationFailed for owners whom the organisation does not have, VersionMismatch */
  async set(
    resource: OwnedResource,
    context: ChangeContext,
    id: string,
    { userIds, userGroupIds }: Access,
    precondition: Precondition,
  ): Promise<ResourceRow> {
    const named = { user_owners: [...new Set(userIds)], user_group_owners: [...new Set(userGroupIds)] };
    const fields = { users: 'userIds', groups: 'userGroupIds' };
    return resource.commit(context, async (unit) => {
      const current = await resource.requireIn(unit, id, precondition);
      const stored = parseJson(current.document);
      await this.owners.requireKnown(unit.organisation, named, () => stored, fields);
      return resource.replaceIn(unit, current, { ...(isJsonObject(stored) ? stored : {}), ...named });
    });
  }
}

const accessOf = ({ userOwners = [], groupOwners = [] }: Partial<Owned>): Access => ({
  userIds: userOwners,
  userGroupIds: groupOwners,
});

const accessIn = (document: JsonObject): Access => accessOf(ownersIn(document));
