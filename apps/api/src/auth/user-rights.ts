import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import {
  noOrganisation,
  toOrganisationId,
  UserGroupStore,
  type OrganisationId,
  type UserGroupRow,
  type UserRow,
} from '@castellan/persistence';
import type { Session } from '../sessions/sessions.service';
import { union, type Grants, type UserPrincipal } from '@castellan/rbac';

/** What a user may, and by what. */
export interface Standing {
  /** What the user may now: own rights, and those of the active groups. */
  readonly held: Grants;
  /** What it may come to when a group is switched on again: whoever touches the user is measured by this. */
  readonly reach: Grants;
  readonly groups: readonly UserGroupRow[];
}

/**
 * Rights of users together with those of their groups. Looked up each time, so that a right that was taken from either is
 * gone with the next request, whichever replica answers it.
 */
@Injectable()
export class UserRights {
  constructor(private readonly groups: UserGroupStore) {}

  /** @param more groups that the user is in for a session alone */
  async of(user: UserRow, session: ClientSession | null = null, more: readonly string[] = []): Promise<Standing> {
    const ids = [...new Set([...(user.groupIds ?? []), ...more])];
    const groups = await this.groups.named(toOrganisationId(user.orgId), ids, session);
    return standingOf(user.grants, groups);
  }

  /** @param session of the browser that shows it; null for an access key */
  async principalOf(user: UserRow, session: Pick<Session, 'id' | 'groupIds'> | null): Promise<UserPrincipal> {
    const { held, groups } = await this.of(user, null, session?.groupIds);
    const isSuper = isSuperUser(user);
    return {
      plane: 'organisation',
      userId: user._id.toString(),
      email: user.email,
      organisationId: isSuper ? '' : user.orgId.toString(),
      isSuper,
      grants: held,
      sessionId: session?.id ?? null,
      isService: user.service === true,
      rateLimit: user.rateLimit ?? null,
      groupIds: groups.filter(({ active }) => active).map(({ _id }) => _id.toString()),
    };
  }
}

/** Whether a user belongs to no organisation. */
export const isSuperUser = ({ orgId }: Pick<UserRow, 'orgId'>): boolean => orgId.toString() === noOrganisation;

/** Where the row of a caller is: in the organisation or, of a super user, in none. */
export const homeOf = ({ isSuper, organisationId }: UserPrincipal): OrganisationId =>
  isSuper ? noOrganisation : toOrganisationId(organisationId);

/** The standing of somebody with these rights in these groups. */
export const standingOf = (own: Grants, groups: readonly UserGroupRow[]): Standing => ({
  held: union([own, ...groups.filter(({ active }) => active).map(({ grants }) => grants)]),
  reach: union([own, ...groups.map(({ grants }) => grants)]),
  groups,
});
