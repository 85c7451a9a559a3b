import { Injectable } from '@nestjs/common';
import { CastellanError, Forbidden, ValidationFailed } from '@castellan/dto';
import {
  ChangeRecorder,
  OrganisationStore,
  toOrganisationId,
  UserGroupStore,
  UserStore,
  type ChangeContext,
  type OrganisationId,
  type UserRow,
} from '@castellan/persistence';
import { isAdmin } from '@castellan/rbac';
import { FailedAttempts } from '../auth/attempts';
import { isSuperUser, UserRights } from '../auth/user-rights';
import type { OrganisationContext } from '../http/request-context';
import { LoginService } from '../sessions/login.service';
import type { Visitor } from '../sessions/visitor';
import { rightsLacking } from '../users/author';
import { comparableEmail } from '../users/email-address';
import { SsoNonces, type Ticket } from './nonces';
import type { NonceInput } from './sso.dto';

const action = 'Login by SSO';

/** Single sign-on by a broker of identities, which says who somebody is. */
@Injectable()
export class SsoService {
  constructor(
    private readonly nonces: SsoNonces,
    private readonly users: UserStore,
    private readonly groups: UserGroupStore,
    private readonly rights: UserRights,
    private readonly organisations: OrganisationStore,
    private readonly logins: LoginService,
    private readonly attempts: FailedAttempts,
    private readonly changes: ChangeRecorder,
  ) {}

  /**
   * A nonce of an administrator's, for the own organisation.
   *
   * @throws Forbidden, ValidationFailed
   */
  async mintAsUser(context: OrganisationContext, input: NonceInput): Promise<string> {
    // Whoever makes nonces can become everybody; a right for a section is too little for that.
    if (!isAdmin(context.user.grants)) throw new Forbidden(context.request.path);
    return this.mint(context, input, context.user.userId);
  }

  /** A nonce of the operator's. @throws ValidationFailed */
  async mintAsOperator(contextIn: (id: string) => ChangeContext, input: NonceInput): Promise<string> {
    const wanted = input.OrgID ?? '';
    const exists = wanted !== '' && (await this.organisations.byId(toOrganisationId(wanted))) !== null;
    if (!exists) throw new ValidationFailed([{ path: 'OrgID', message: 'no such organisation' }]);
    return this.mint(contextIn(wanted), input, '');
  }

  private async mint(context: ChangeContext, input: NonceInput, minter: string): Promise<string> {
    const { ForSection: section, EmailAddress: email } = input;
    const { organisation } = context;
    const groupIds = await this.requireGroups(organisation, input);
    const address = comparableEmail(email);
    const [user] = await this.users.ofAddress(address, organisation, 1);
    const userId = user?._id.toString() ?? '';
    const ticket = { section, organisation, email: address, userId, minter, groupIds };
    const nonce = await this.nonces.make(ticket);
    await this.changes.recordAct({ ...context, reason: `for ${email}` });
    return nonce;
  }

  /**
   * Lets in whom a nonce names, if that is still right now: the user is active, and whoever made the nonce still
   * administers and has all rights of the user.
   *
   * @throws Unauthorised, CastellanError 403 or 429
   */
  async redeem(visitor: Visitor, nonce: string): Promise<void> {
    const ticket = await this.nonces.spend(nonce);
    if (ticket?.section !== 'dashboard') {
      await this.changes.recordRefusal({ ...visitor.traceOf(action, ''), organisation: null }, 401, 'unknown nonce');
      throw await this.attempts.refusal('credential', visitor.address);
    }
    const minter = ticket.minter === '' ? null : await this.users.activeById(ticket.minter);
    const [user] = await this.users.ofAddress(ticket.email, toOrganisationId(ticket.organisation), 1);
    if (user === undefined || !(await this.isStillRight(ticket, user, minter))) {
      const { organisation, email } = ticket;
      const why = 'forbidden: no such user, or one that this nonce cannot let in';
      await this.changes.recordRefusal({ ...visitor.traceOf(action, email), organisation }, 403, why);
      throw new CastellanError(403, 'forbidden', 'Single sign-on does not let this user in');
    }
    await this.logins.open(visitor, user, 'sso', {
      groupIds: ticket.groupIds,
      reason: `on the word of ${minter?.email ?? 'the operator'}`,
    });
  }

  /** The groups that a nonce names: they are for the session that it opens, and no longer. @throws ValidationFailed */
  private async requireGroups(
    organisation: OrganisationId,
    { GroupID: group, GroupsIDs: groups }: NonceInput,
  ): Promise<readonly string[]> {
    const named = [
      ...(group ? [{ path: 'GroupID', id: group.toLowerCase() }] : []),
      ...(groups ?? []).filter((id) => id !== '').map((id) => ({ path: 'GroupsIDs', id: id.toLowerCase() })),
    ];
    const rows = await this.groups.named(
      organisation,
      named.map(({ id }) => id),
    );
    const known = new Set(rows.map(({ _id }) => _id.toString()));
    const errors = named
      .filter(({ id }) => !known.has(id))
      .map(({ path }) => ({ path, message: 'is no user group of the organisation' }));
    if (errors.length > 0) throw new ValidationFailed(errors);
    return [...known];
  }

  private async isStillRight(
    { userId, minter: minterId, organisation, groupIds }: Ticket,
    user: UserRow,
    minter: UserRow | null,
  ): Promise<boolean> {
    if (!user.active || user.service === true) return false;
    if (userId !== '' && !user._id.equals(userId)) return false;
    // A group that has gone since would let somebody in with fewer rights than was said.
    const { reach, groups } = await this.rights.of(user, null, groupIds);
    if (!groupIds.every((id) => groups.some(({ _id }) => _id.toString() === id))) return false;
    if (minterId === '') return true;
    if (minter === null || (minter.orgId.toString() !== organisation && !isSuperUser(minter))) return false;
    const { held } = await this.rights.of(minter);
    return isAdmin(held) && rightsLacking(held, reach).length === 0;
  }
}
