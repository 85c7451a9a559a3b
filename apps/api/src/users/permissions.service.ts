import { Injectable } from '@nestjs/common';
import { Unauthorised } from '@castellan/dto';
import { OrganisationStore, type OrganisationId, type UserRow } from '@castellan/persistence';
import { describeRights, isAdmin } from '@castellan/rbac';
import { UserRights } from '../auth/user-rights';
import { additionalSections } from './people-rules';
import type { UserPermissionsDto } from './user-replies.dto';

/** Which rights there are, and by what somebody has them. */
@Injectable()
export class PermissionsService {
  constructor(
    private readonly organisations: OrganisationStore,
    private readonly rights: UserRights,
  ) {}

  /** Every right that can be given in the organisation. */
  async catalogue(organisation: OrganisationId): Promise<ReturnType<typeof describeRights>> {
    const row = await this.organisations.byId(organisation);
    if (row === null) throw new Unauthorised();
    return describeRights(additionalSections(row));
  }

  /** What a user may at this moment, and what of it comes from where. */
  async of(user: UserRow): Promise<UserPermissionsDto> {
    const { held, groups } = await this.rights.of(user);
    const sources = [
      { from: 'user', id: user._id.toString(), name: user.email, grants: user.grants },
      ...groups
        .filter(({ active }) => active)
        .map(({ _id, name, grants }) => ({ from: 'group', id: _id.toString(), name, grants })),
    ];
    const permissions = Object.entries(held).map(([name, value]) => ({
      name,
      value,
      sources: sources.flatMap(({ grants, ...source }) => {
        const given = spellingsOf(name).flatMap((spelling) => grants[spelling] ?? [])[0];
        return given === undefined ? [] : [{ ...source, value: given }];
      }),
    }));
    return {
      administrator: isAdmin(held),
      service_account: user.service === true,
      rate_limit: user.rateLimit ?? 0,
      permissions,
      groups: groups.map(({ _id, name, active }) => ({ id: _id.toString(), name, active })),
    };
  }
}

/** Older documents write `policy`. */
const spellingsOf = (name: string): readonly string[] => (name === 'policies' ? [name, 'policy'] : [name]);
