import { Injectable } from '@nestjs/common';
import { Forbidden, NotFound } from '@castellan/dto';
import { isObjectIdText, toObjectId, UserStore, type UserRow } from '@castellan/persistence';
import { allows, type Level } from '@castellan/rbac';
import { homeOf, UserRights } from '../auth/user-rights';
import type { OrganisationContext } from '../http/request-context';
import { rightsLacking } from '../users/author';

/** How a caller names themselves in a path. */
const oneself = 'me';

/**
 * Whose credentials and sessions a caller may touch: one's own, and those of users whose rights one has oneself. Whoever
 * could take over somebody stronger would have that one's rights.
 */
@Injectable()
export class AccountReach {
  constructor(
    private readonly users: UserStore,
    private readonly rights: UserRights,
  ) {}

  isOwn({ user }: OrganisationContext, id: string): boolean {
    return id === oneself || id.toLowerCase() === user.userId;
  }

  /** @throws Forbidden, NotFound */
  async require(context: OrganisationContext, id: string, level: Level): Promise<UserRow> {
    const { user: caller, organisation, request } = context;
    const isOwn = this.isOwn(context, id);
    // Whether there is such a user is nothing for those who may not see users.
    if (!isOwn && !allows(caller.grants, 'users', level)) throw new Forbidden(request.path);
    const wanted = isOwn ? caller.userId : id;
    const home = isOwn ? homeOf(caller) : organisation;
    const user = isObjectIdText(wanted) ? await this.users.findById(home, toObjectId(wanted)) : null;
    if (user === null) throw new NotFound('Could not retrieve user detail');
    if (isOwn || level === 'read') return user;
    const { reach } = await this.rights.of(user);
    if (rightsLacking(caller.grants, reach).length > 0) throw new Forbidden(request.path);
    return user;
  }
}
