import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  DuplicateKey,
  folded,
  noOrganisation,
  OrganisationStore,
  toOrganisationId,
  UserStore,
  type ChangeContext,
  type Draft,
  type Operation,
  type OrganisationId,
  type Page,
  type Place,
  type Span,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import { isAdmin, type Grants } from '@castellan/rbac';
import type { JsonObject } from '@castellan/tyk';
import { plainToInstance } from 'class-transformer';
import { SessionsService } from '../sessions/sessions.service';
import { UserRights } from '../auth/user-rights';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { isOutage } from '../http/outage';
import { pageCount } from '../http/paging';
import type { Precondition } from '../http/precondition';
import { checkedAs } from '../http/validation.pipe';
import type { ReadScope } from '../resources/read-scope';
import { ResourceService, type RemovalOptions } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import type { Drafting } from '../resources/wanted';
import { OwnedByPeople } from './owned-by-people';
import type { Author } from './author';
import { PeopleRules } from './people-rules';
import { groupIdsAskedFor, isWayIn, limitsAfter, userDraft, type UserState } from './user-content';
import { UserListings } from './user-listings';
import { UserPresenter } from './user-presenter';
import { OrganisationUserChange, OrganisationUserCreation, UserChange, type UserListDto } from './user.dto';

const resetPassword = 'ResetPassword';

/** A user together with the access key that was just made: it is nowhere to be had after this. */
export interface UserWithKey extends UserRow {
  readonly accessKey: string;
}

/** A piece of a list, as it is shown. */
interface UserPage extends Omit<Page<UserRow>, 'rows'> {
  readonly users: UserListDto['users'];
}

/** What a new user opens doors with, as it is kept. */
type Credentials = Pick<UserRow, 'accessKeyHash' | 'passwordHash'>;

/** Users of one organisation, or of none. Nobody gives rights that they lack, or touches somebody who has such. */
@Injectable()
export class UsersService extends ResourceService<UserRow> {
  override readonly form = null;
  protected override readonly inUse = 'The user is the only owner of APIs or policies; give them another one first';
  /** Of units that make a user whose access key somebody is told. */
  private readonly issued = new WeakMap<ReadScope, Credentials>();

  constructor(
    tools: ResourceTools,
    private readonly people: UserStore,
    private readonly owned: OwnedByPeople,
    private readonly organisations: OrganisationStore,
    private readonly rules: PeopleRules,
    private readonly rights: UserRights,
    private readonly sessions: SessionsService,
    private readonly listings: UserListings,
    private readonly presenter: UserPresenter,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, people, 'Could not retrieve user detail');
  }

  /**
   * The users of an organisation, of all organisations or, where no span is given, of the installation.
   *
   * @param search a part of the name or the address
   */
  async list(
    place: Place,
    span: Span | undefined,
    search = '',
  ): Promise<{ readonly list: UserListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const wanted = folded(search.trim());
    const isEverybody = wanted === '' && 'page' in place && place.page === null;
    const { users, total, next } = await (span === undefined || isEverybody
      ? this.stored(place, span)
      : this.found(span, place, wanted));
    return { list: { users, pages: pageCount(total, place, pageSize) }, next };
  }

  private async stored(place: Place, span: Span | undefined): Promise<UserPage> {
    const piece = { sort: { createdAt: 1, _id: 1 }, place, pageSize: this.config.pageSize } as const;
    const { rows, ...page } = await (span === undefined ? this.people.pageOfAll(piece) : this.people.page(span, piece));
    return { ...page, users: await this.presenter.all(rows) };
  }

  /** Found in memory, and read from the database as far as they are shown. */
  private async found(span: Span, place: Place, wanted: string): Promise<UserPage> {
    const { shown, ...found } = (await this.listings.of(span)).piece(wanted, place, this.config.pageSize);
    const ids = shown.map(({ _id }) => _id);
    return { ...found, users: await this.presenter.allOf(ids, this.people.byIds(span, ids)) };
  }

  /** Where the operator finds a user. @throws NotFound */
  async organisationOf(id: string): Promise<OrganisationId> {
    const organisation = await this.people.organisationOf(id);
    if (organisation === null) throw this.notFound();
    return organisation;
  }

  parse(body: unknown, isChange: boolean): JsonObject {
    return checkedAs(isChange ? OrganisationUserChange : OrganisationUserCreation, body);
  }

  /** Whether a change opens more to somebody, or another address to come in by. @throws NotFound, ValidationFailed */
  async opensMore(organisation: OrganisationId, id: string, body: unknown): Promise<boolean> {
    const current = await this.require(organisation, id);
    return isWayIn(plainToInstance(UserChange, this.parse(body, true)), current);
  }

  async draft(scope: ReadScope, { content, id, current }: Drafting<UserRow>): Promise<Draft<UserRow>> {
    const fields = plainToInstance(UserChange, content);
    const author = await this.rules.author(scope);
    if (current !== null) {
      const sent = fields.user_permissions;
      const grants = sent == null ? current.grants : await this.rules.grants(scope, sent);
      const groupIds = groupIdsAskedFor(fields, groupIdsOf(current));
      return userDraft(await this.permitted(scope, author, { fields, grants, groupIds }, current), current);
    }
    // To the original, that would be another super user.
    if (author.isSuper && content['org_id'] === '') {
      const message = 'must not be empty: super users are made on the operator’s plane alone';
      throw new ValidationFailed([{ path: 'org_id', message }]);
    }
    const grants = await this.firstGrants(scope, fields);
    const state = await this.permitted(scope, author, { fields, grants, groupIds: groupIdsAskedFor(fields, []) });
    return userDraft({ ...state, ...(this.issued.get(scope) ?? unknownCredentials()) }, null, id);
  }

  /**
   * @param passwordHash empty for somebody who has no password
   * @throws ValidationFailed, CastellanError 403 for rights that the caller lacks and for an address that is taken
   */
  override async create(context: ChangeContext, body: unknown, passwordHash = ''): Promise<UserWithKey> {
    const content = await this.parsed(body);
    const accessKey = newAccessKey();
    const row = await this.commit(context, (unit) => {
      this.issued.set(unit, { accessKeyHash: accessKeyHash(accessKey), passwordHash });
      return this.insertNew(unit, content);
    });
    return { ...row, accessKey };
  }

  /** @throws NotFound, VersionMismatch, and what {@link create} throws; Conflict for the last administrator */
  override async update(
    context: ChangeContext,
    id: string,
    body: unknown,
    precondition: Precondition,
  ): Promise<UserRow> {
    return this.endingSessions(await super.update(context, id, body, precondition));
  }

  /** Gives or takes the right to set passwords of others. @throws NotFound, VersionMismatch */
  async allowPasswordResets(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    allowed: boolean,
  ): Promise<UserRow> {
    return this.change(context, id, precondition, async (unit, current) => {
      const others = Object.entries(current.grants).filter(([name]) => name !== resetPassword);
      const grants = Object.fromEntries([...others, ...(allowed ? [[resetPassword, 'admin'] as const] : [])]);
      const state = { ...unchanged(current), grants };
      return this.permitted(unit, await this.rules.author(unit), state, current);
    });
  }

  /** Gives a new access key in the place of the old one, which opens nothing from now on. @throws NotFound, VersionMismatch */
  async renewKey(context: ChangeContext, id: string, precondition: Precondition): Promise<UserWithKey> {
    const accessKey = newAccessKey();
    const row = await this.change(context, id, precondition, (_, current) =>
      Promise.resolve({ ...unchanged(current), accessKeyHash: accessKeyHash(accessKey) }),
    );
    return { ...row, accessKey };
  }

  /** Switches a user off, and the access key for good. @throws NotFound, VersionMismatch, Conflict */
  async revoke(context: ChangeContext, id: string, precondition: Precondition): Promise<UserRow> {
    return this.change(context, id, precondition, (_, current) => {
      const gone = accessKeyHash(newAccessKey());
      return Promise.resolve({ ...unchanged(current), fields: { active: false }, accessKeyHash: gone });
    });
  }

  /** @throws NotFound, VersionMismatch, CastellanError 403, Conflict for the last administrator, and the only owner of an API */
  override async remove(context: ChangeContext, id: string, precondition: Precondition): Promise<void> {
    await super.remove(context, id, precondition);
    await this.endSessions(id);
  }

  override async removeIn(unit: UnitOfWork, current: UserRow, options: RemovalOptions): Promise<void> {
    await this.rules.keepingAdministrator(unit, current, () => super.removeIn(unit, current, options));
  }

  /** @throws Conflict for what leaves the organisation without an administrator */
  override put(
    unit: UnitOfWork,
    current: UserRow | null,
    draft: Draft<UserRow>,
    how: { readonly operation: Operation; readonly version: number },
  ): Promise<UserRow> {
    const write = () => super.put(unit, current, draft, how);
    return current === null ? write() : this.rules.keepingAdministrator(unit, current, write);
  }

  /** Everybody may touch themselves; whom else, the rights say. @throws Unauthorised, CastellanError 403 */
  protected override async mayWrite(unit: UnitOfWork, current: UserRow | null): Promise<void> {
    const author = await this.rules.author(unit, current !== null);
    if (current === null || current._id.toString() === unit.actor.id) return;
    author.requireAbove((await this.rights.of(current, unit.session)).reach);
  }

  /** What has no owner but this user would be nobody's without it, or everybody's. */
  protected override users(unit: UnitOfWork, { _id }: UserRow): Promise<readonly FieldError[]> {
    return this.owned.byUserAlone(unit, _id.toString());
  }

  /** Bootstrap scripts take 403 with this text for "exists already" (docs/tyk/clients.md#bootstrap-scripts). */
  protected conflict(error: DuplicateKey): Promise<CastellanError> {
    return Promise.resolve(
      error.fields.includes('email')
        ? new CastellanError(403, 'email_conflict', 'User email already exists for this Org', { cause: error })
        : new Conflict('id_conflict', 'There is a user with the same id, here or at the provider', { cause: error }),
    );
  }

  /** @throws OrganisationGone before anything else is looked at */
  protected override async insertNew(unit: UnitOfWork, content: JsonObject): Promise<UserRow> {
    await unit.rules();
    return super.insertNew(unit, content);
  }

  private async change(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    edit: (unit: UnitOfWork, current: UserRow) => Promise<UserState>,
  ): Promise<UserRow> {
    const changed = await this.commit(context, async (unit) => {
      const current = await this.requireIn(unit, id, precondition);
      const draft = userDraft(await edit(unit, current), current);
      return this.put(unit, current, draft, { operation: 'update', version: 1 });
    });
    return this.endingSessions(changed);
  }

  private async endingSessions(user: UserRow): Promise<UserRow> {
    if (!user.active) await this.endSessions(user._id.toString());
    return user;
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

  /** The state, when the author may bring it about. */
  private async permitted(
    scope: ReadScope,
    author: Author,
    state: UserState,
    current: UserRow | null = null,
  ): Promise<UserState> {
    const groups = await this.rules.groupsNamed(scope, state.groupIds);
    await this.rules.requireSomething(scope, state.grants, groups);
    const before = current === null ? {} : (await this.rights.of(current, scope.session)).reach;
    requireUnlimited(author, state, current);
    requireEveryRight(scope, state);
    author.requireGrantable(before, state.grants, 'user_permissions');
    for (const { grants } of groups) author.requireGrantable(before, grants, 'group_ids');
    return state;
  }

  /** The first user whom the operator makes may come without rights and then administers the organisation; nobody else does. */
  private async firstGrants(scope: ReadScope, fields: UserChange): Promise<Grants> {
    const { organisation, session, actor } = scope;
    if (fields.user_permissions != null) return this.rules.grants(scope, fields.user_permissions);
    if (actor.kind !== 'admin' || groupIdsAskedFor(fields, []).length > 0) return {};
    const isFirst = organisation === noOrganisation || (await this.people.count(organisation, {}, session)) === 0;
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
}

/** Nobody is told what would open doors: for a dry run. */
const unknownCredentials = (): Credentials => ({ accessKeyHash: accessKeyHash(newAccessKey()), passwordHash: '' });

/** Super users administer every organisation, and nothing less. @throws ValidationFailed */
const requireEveryRight = ({ organisation }: ReadScope, { grants }: UserState): void => {
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

const groupIdsOf = ({ groupIds = [] }: UserRow): readonly string[] => groupIds;

const unchanged = (row: UserRow): UserState => ({ fields: {}, grants: row.grants, groupIds: groupIdsOf(row) });
