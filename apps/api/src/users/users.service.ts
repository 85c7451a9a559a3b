import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, NotFound, ValidationFailed } from '@castellan/dto';
import {
  DuplicateKey,
  folded,
  isObjectIdText,
  noOrganisation,
  OrganisationStore,
  toObjectId,
  toOrganisationId,
  UserStore,
  type ChangeContext,
  type OrganisationId,
  type Page,
  type Place,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import type { ClientSession } from 'mongoose';
import { isAdmin, type Grants, type UserPrincipal } from '@castellan/rbac';
import { SessionsService } from '../sessions/sessions.service';
import { UserRights } from '../auth/user-rights';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { isOutage } from '../http/outage';
import { pageCount } from '../http/paging';
import { Precondition } from '../http/precondition';
import { ResourceTools } from '../resources/resource-tools';
import { OwnedByPeople } from './owned-by-people';
import type { Author } from './author';
import { PeopleRules } from './people-rules';
import { groupIdsAskedFor, limitsAfter, presentUser, userDraft, type UserState } from './user-content';
import { UserListings } from './user-listings';
import type { UserChange, UserCreation, UserListDto } from './user.dto';

const resetPassword = 'ResetPassword';

/** A change as it is asked for: who asks, and whether of a certain version. */
export interface Asking {
  readonly context: ChangeContext;
  /** Null for the operator, who is above all rights. */
  readonly caller: UserPrincipal | null;
  readonly precondition: Precondition;
}

/** A user that was written, and the access key where one was made: it is nowhere to be had after this. */
export interface UserWithKey {
  readonly row: UserRow;
  readonly accessKey: string;
}

@Injectable()
export class UsersService {
  constructor(
    private readonly tools: ResourceTools,
    readonly store: UserStore,
    private readonly owned: OwnedByPeople,
    private readonly organisations: OrganisationStore,
    private readonly rules: PeopleRules,
    private readonly rights: UserRights,
    private readonly sessions: SessionsService,
    private readonly listings: UserListings,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    tools.stores.add(store);
  }

  /**
   * The users of an organisation, or of all.
   *
   * @param search a part of the name or the address
   */
  async list(
    place: Place,
    organisation: OrganisationId | undefined,
    search = '',
  ): Promise<{ readonly list: UserListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const wanted = folded(search.trim());
    const isEverybody = wanted === '' && 'page' in place && place.page === null;
    const { rows, total, next } = await (organisation === undefined || isEverybody
      ? this.stored(place, organisation)
      : this.found(organisation, place, wanted));
    return { list: { users: rows.map((row) => presentUser(row)), pages: pageCount(total, place, pageSize) }, next };
  }

  private stored(place: Place, organisation: OrganisationId | undefined): Promise<Page<UserRow>> {
    const piece = { sort: { createdAt: 1, _id: 1 }, place, pageSize: this.config.pageSize } as const;
    return organisation === undefined ? this.store.pageOfAll(piece) : this.store.page(organisation, piece);
  }

  /** Found in memory, and read from the database as far as they are shown. */
  private async found(organisation: OrganisationId, place: Place, wanted: string): Promise<Page<UserRow>> {
    const { shown, ...found } = (await this.listings.of(organisation)).piece(wanted, place, this.config.pageSize);
    const rows = await this.store.byIds(
      organisation,
      shown.map(({ _id }) => _id),
    );
    return { ...found, rows };
  }

  /** @throws NotFound */
  async get(organisation: OrganisationId, id: string): Promise<UserRow> {
    const row = await this.find(organisation, id, null);
    if (row === null) throw notFound();
    return row;
  }

  /** Where the operator finds a user. @throws NotFound */
  async organisationOf(id: string): Promise<OrganisationId> {
    const organisation = await this.store.organisationOf(id);
    if (organisation === null) throw notFound();
    return organisation;
  }

  /** @throws ValidationFailed, CastellanError 403 for rights that the caller lacks and for an address that is taken */
  async create({ context, caller }: Asking, input: UserCreation, passwordHash = ''): Promise<UserWithKey> {
    const accessKey = newAccessKey();
    const row = await this.commit(context, async (unit) => {
      await this.requireOrganisation(unit);
      const author = await this.rules.author(unit);
      const grants = await this.firstGrants(unit, caller, input);
      const state = await this.permitted(unit, author, {
        fields: input,
        grants,
        groupIds: groupIdsAskedFor(input, []),
      });
      return this.store.insert(
        unit,
        userDraft({ ...state, accessKeyHash: accessKeyHash(accessKey), passwordHash }, null),
      );
    });
    return { row, accessKey };
  }

  /** @throws NotFound, VersionMismatch, and what {@link create} throws; Conflict for the last administrator */
  async update(asking: Asking, id: string, input: UserChange): Promise<UserRow> {
    return this.change(asking, id, async (unit, current, author) => {
      const sent = input.user_permissions;
      const grants = sent == null ? current.grants : await this.rules.grants(unit, sent);
      const groupIds = groupIdsAskedFor(input, groupIdsOf(current));
      return this.permitted(unit, author, { fields: input, grants, groupIds }, current);
    });
  }

  /** Gives or takes the right to set passwords of others. @throws NotFound, VersionMismatch */
  async allowPasswordResets(asking: Asking, id: string, allowed: boolean): Promise<UserRow> {
    return this.change(asking, id, (unit, current, author) => {
      const others = Object.entries(current.grants).filter(([name]) => name !== resetPassword);
      const grants = Object.fromEntries([...others, ...(allowed ? [[resetPassword, 'admin'] as const] : [])]);
      return this.permitted(unit, author, { fields: {}, grants, groupIds: groupIdsOf(current) }, current);
    });
  }

  /** Gives a new access key in the place of the old one, which opens nothing from now on. @throws NotFound, VersionMismatch */
  async renewKey(asking: Asking, id: string): Promise<UserWithKey> {
    const accessKey = newAccessKey();
    const row = await this.change(asking, id, (_, current) =>
      Promise.resolve({ ...unchanged(current), accessKeyHash: accessKeyHash(accessKey) }),
    );
    return { row, accessKey };
  }

  /** Switches a user off, and the access key for good. @throws NotFound, VersionMismatch, Conflict */
  async revoke(asking: Asking, id: string): Promise<UserRow> {
    return this.change(asking, id, (_, current) => {
      const gone = accessKeyHash(newAccessKey());
      return Promise.resolve({ ...unchanged(current), fields: { active: false }, accessKeyHash: gone });
    });
  }

  /** @throws NotFound, VersionMismatch, CastellanError 403, Conflict for the last administrator, and the only owner of an API */
  async remove({ context, caller, precondition }: Asking, id: string): Promise<void> {
    await this.commit(context, async (unit) => {
      const current = await this.requireTouchable(unit, caller, id, precondition);
      await this.owned.refuseOnlyOwner(unit, current._id.toString());
      await this.rules.keepingAdministrator(unit, current, () => this.store.remove(unit, current));
    });
    await this.endSessions(id);
  }

  private async change(
    { context, caller, precondition }: Asking,
    id: string,
    edit: (unit: UnitOfWork, current: UserRow, author: Author) => Promise<UserState>,
  ): Promise<UserRow> {
    const changed = await this.commit(context, async (unit) => {
      const current = await this.requireTouchable(unit, caller, id, precondition);
      const state = await edit(unit, current, await this.rules.author(unit));
      return this.rules.keepingAdministrator(unit, current, () =>
        this.store.replace(unit, current, userDraft(state, current)),
      );
    });
    if (!changed.active) await this.endSessions(id);
    return changed;
  }

  /** They open nothing any more as it is; but nobody is to find them open who comes back. */
  private async endSessions(id: string): Promise<void> {
    try {
      await this.sessions.endAllOf(id.toLowerCase());
    } catch (error) {
      // The change is committed, and Redis forgets them by itself.
      if (!isOutage(error)) throw error;
    }
  }

  /** Everybody may touch themselves; whom else, the rights say. */
  private async requireTouchable(
    unit: UnitOfWork,
    caller: UserPrincipal | null,
    id: string,
    precondition: Precondition,
  ): Promise<UserRow> {
    const { organisation, session } = unit;
    const row = await this.find(organisation, id, session);
    const author = await this.rules.author(unit);
    if (row !== null && row._id.toString() !== caller?.userId) {
      author.requireAbove((await this.rights.of(row, session)).reach);
    }
    return unit.require(row, notFound, precondition);
  }

  /** The state, when the author may bring it about. */
  private async permitted(
    unit: UnitOfWork,
    author: Author,
    state: UserState,
    current: UserRow | null = null,
  ): Promise<UserState> {
    const groups = await this.rules.groupsNamed(unit, state.groupIds);
    await this.rules.requireSomething(unit, state.grants, groups);
    const before = current === null ? {} : (await this.rights.of(current, unit.session)).reach;
    requireUnlimited(author, state, current);
    requireEveryRight(unit, state);
    author.requireGrantable(before, state.grants, 'user_permissions');
    for (const { grants } of groups) author.requireGrantable(before, grants, 'group_ids');
    return state;
  }

  /** The first user whom the operator makes may come without rights and then administers the organisation; nobody else does. */
  private async firstGrants(unit: UnitOfWork, caller: UserPrincipal | null, input: UserCreation): Promise<Grants> {
    if (input.user_permissions != null) return this.rules.grants(unit, input.user_permissions);
    if (caller !== null || groupIdsAskedFor(input, []).length > 0) return {};
    const isFirst =
      unit.organisation === noOrganisation || (await this.store.count(unit.organisation, {}, unit.session)) === 0;
    return isFirst ? { IsAdmin: 'admin', ResetPassword: 'admin' } : {};
  }

  /** @throws ValidationFailed when it cannot be told which one is meant */
  async onlyOrganisation(): Promise<OrganisationId> {
    const place = { page: 1 } as const;
    const { rows, total } = await this.organisations.pageOfAll({ sort: { name: 1, _id: 1 }, place, pageSize: 1 });
    const [only] = rows;
    if (only !== undefined && total === 1) return toOrganisationId(only._id);
    const message = total === 0 ? 'there is no organisation yet; create one first' : 'is required: there are several';
    throw new ValidationFailed([{ path: 'org_id', message }]);
  }

  private async requireOrganisation({ organisation, session }: UnitOfWork): Promise<void> {
    if (organisation === noOrganisation || (await this.organisations.byId(organisation, session)) !== null) return;
    throw new ValidationFailed([{ path: 'org_id', message: 'no such organisation' }]);
  }

  /** The row that an id of a request means; null for none. */
  find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<UserRow | null> {
    return isObjectIdText(id) ? this.store.findById(organisation, toObjectId(id), session) : Promise.resolve(null);
  }

  notFound(): NotFound {
    return notFound();
  }

  private commit<T>(context: ChangeContext, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.tools.commit(context, work, addressTaken);
  }
}

/** Bootstrap scripts take 403 with this text for "exists already" (docs/tyk/clients.md#bootstrap-scripts). */
const addressTaken = (error: unknown): unknown =>
  error instanceof DuplicateKey && error.fields.includes('email')
    ? new CastellanError(403, 'email_conflict', 'User email already exists for this Org', { cause: error })
    : error;

/** Super users administer every organisation, and nothing less. @throws ValidationFailed */
const requireEveryRight = ({ organisation }: UnitOfWork, { grants }: UserState): void => {
  if (organisation !== noOrganisation || isAdmin(grants)) return;
  const message = 'may only be {"IsAdmin":"admin"}, or be left out: a user without an organisation has every right';
  throw new ValidationFailed([{ path: 'user_permissions', message }]);
};

/** How much an account may ask of the installation is for administrators to say. @throws CastellanError 403 */
const requireUnlimited = (author: Author, { fields }: UserState, current: UserRow | null): void => {
  const [was, is] = [limitsAfter({}, current), limitsAfter(fields, current)];
  const administers = { IsAdmin: 'admin' };
  if (is.service !== was.service) author.requireGrantable({}, administers, 'service_account');
  if (is.rateLimit !== was.rateLimit) author.requireGrantable({}, administers, 'rate_limit');
};

const notFound = (): NotFound => new NotFound('Could not retrieve user detail');

const groupIdsOf = ({ groupIds = [] }: UserRow): readonly string[] => groupIds;

const unchanged = (row: UserRow): UserState => ({ fields: {}, grants: row.grants, groupIds: groupIdsOf(row) });
