import { Injectable } from '@nestjs/common';
import { Conflict, Unauthorised, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  isObjectIdText,
  noOrganisation,
  toObjectId,
  UserGroupStore,
  UserStore,
  type OrganisationId,
  type OrganisationRow,
  type UnitOfWork,
  type UserGroupRow,
  type UserRow,
} from '@castellan/persistence';
import { isAdmin, readGrants, rightsOf, type AdditionalSections, type Grants } from '@castellan/rbac';
import { isJsonObject, objectAt, parseJson } from '@castellan/tyk';
import type { ClientSession } from 'mongoose';
import { isSuperUser, standingOf, UserRights } from '../auth/user-rights';
import type { ReadScope } from '../resources/read-scope';
import { Author } from './author';

/** In Tyk's words. */
const nothingGiven = 'To create a user specify at least one permission, or make them an admin.';

/** What holds for every change of people and groups; the units of an organisation follow one another, so it holds together. */
@Injectable()
export class PeopleRules {
  /** Looked up once for each unit. */
  private readonly authors = new WeakMap<ReadScope, Promise<Author>>();

  constructor(
    private readonly users: UserStore,
    private readonly groups: UserGroupStore,
    private readonly rights: UserRights,
  ) {}

  /**
   * Who changes something, with the rights of this moment: they may have been taken away since the request was let in.
   *
   * @param begun whether the unit has read something. Then its author is read beside it, together with the rules: as of its
   *   moment or later, and whatever changes people since makes the unit begin anew.
   * @throws Unauthorised
   */
  author(scope: ReadScope, begun = false): Promise<Author> {
    const known = this.authors.get(scope) ?? this.authorOf(scope, begun);
    this.authors.set(scope, known);
    return known;
  }

  private async authorOf(scope: ReadScope, begun: boolean): Promise<Author> {
    const { organisation, session, actor } = scope;
    const sought = async (within: ClientSession | null): Promise<UserRow | null> =>
      actor.kind !== 'admin' && isObjectIdText(actor.id) ? this.someone(organisation, actor.id, within) : null;
    const [rules, beside] = await Promise.all([scope.rules(), begun ? sought(null) : null]);
    const additional = additionalSections(rules);
    if (actor.kind === 'admin') return new Author(null, additional);
    const user = begun ? beside : await sought(session);
    if (user?.active !== true) throw new Unauthorised();
    return new Author((await this.rights.of(user, session)).held, additional, isSuperUser(user));
  }

  /** A user of the organisation, or one who is of none and acts in it. */
  private async someone(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null,
  ): Promise<UserRow | null> {
    const row = await this.users.findById(organisation, toObjectId(id), session);
    return row ?? this.users.findById(noOrganisation, toObjectId(id), session);
  }

  /** Reads what is to be granted. @throws ValidationFailed with each name and value that means nothing */
  async grants(scope: ReadScope, wanted: Readonly<Record<string, unknown>>): Promise<Grants> {
    const { grants, problems } = readGrants(wanted, additionalSections(await scope.rules()));
    if (problems.length === 0) return grants;
    throw new ValidationFailed(problems.map(({ name, message }) => ({ path: `user_permissions.${name}`, message })));
  }

  /** The groups that somebody is to be in. @throws ValidationFailed for one that the organisation does not have */
  async groupsNamed(scope: ReadScope, ids: readonly string[]): Promise<readonly UserGroupRow[]> {
    const rows = await this.groups.named(scope.organisation, ids, scope.session);
    const known = new Set(rows.map(({ _id }) => _id.toString()));
    const problems = ids.flatMap((id, index): FieldError[] =>
      isObjectIdText(id) && known.has(id)
        ? []
        : [{ path: `group_ids[${index}]`, message: 'is no user group of the organisation' }],
    );
    if (problems.length > 0) throw new ValidationFailed(problems);
    return rows;
  }

  /** Rights that are none open nothing, and are never taken for an administrator's. @throws ValidationFailed */
  async requireSomething(scope: ReadScope, own: Grants, groups: readonly UserGroupRow[] = []): Promise<void> {
    const { reach } = standingOf(own, groups);
    if (rightsOf(reach, additionalSections(await scope.rules())).length > 0) return;
    throw new ValidationFailed([{ path: 'user_permissions', message: nothingGiven }], nothingGiven);
  }

  /**
   * Runs what may take rights from somebody, or from the members of a group.
   *
   * @throws Conflict when nobody could administer the organisation after it
   */
  async keepingAdministrator<T>(
    unit: UnitOfWork,
    { active, grants, groupIds = [] }: Pick<UserRow, 'active' | 'grants' | 'groupIds'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const { organisation, session } = unit;
    const value = await work();
    // Who administers nothing leaves nothing, and whoever makes super users needs no administrator.
    const mayLeave = active && (isAdmin(grants) || groupIds.length > 0) && organisation !== noOrganisation;
    if (!mayLeave || unit.changes.length === 0 || (await this.hasAdministrator(organisation, session))) return value;
    // Outside of this unit everything is as it was before.
    if (!(await this.hasAdministrator(organisation, null))) return value;
    throw new Conflict('last_administrator', 'It would leave the organisation without an active administrator');
  }

  private async hasAdministrator(organisation: OrganisationId, session: ClientSession | null): Promise<boolean> {
    const groupIds = await this.groups.administering(organisation, session);
    return (await this.users.administrators(organisation, groupIds, session)) > 0;
  }
}

/** The sections that an organisation has added itself. */
export const additionalSections = ({ document }: Pick<OrganisationRow, 'document'>): AdditionalSections => {
  const stored = parseJson(document);
  const added = isJsonObject(stored) ? objectAt(stored, 'additional_permissions') : {};
  return Object.fromEntries(Object.entries(added).map(([name, said]) => [name, typeof said === 'string' ? said : '']));
};
