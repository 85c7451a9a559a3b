import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, NotFound, type FieldError } from '@castellan/dto';
import {
  isObjectIdText,
  newObjectId,
  toObjectId,
  UserGroupStore,
  UserStore,
  type Draft,
  type OrganisationId,
  type Place,
  type UnitOfWork,
  type UserGroupRow,
} from '@castellan/persistence';
import type { Grants } from '@castellan/rbac';
import { isJsonObject, numberAt, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { OwnedByPeople } from './owned-by-people';
import { PeopleRules } from './people-rules';
import type { UserGroupChange, UserGroupDto, UserGroupListDto } from './user-group.dto';

/** Of what keeps a group from being deleted, so many are named. */
const named = 20;

/**
 * Groups of the users of one organisation. A group is as strong as its rights: nobody makes, changes or deletes one with
 * rights that they lack, not even its name.
 */
@Injectable()
export class UserGroupsService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly groups: UserGroupStore,
    private readonly users: UserStore,
    private readonly owned: OwnedByPeople,
    private readonly rules: PeopleRules,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    tools.addStore(groups);
  }

  async list(
    organisation: OrganisationId,
    place: Place,
  ): Promise<{ readonly list: UserGroupListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const sort = { createdAt: 1, _id: 1 } as const;
    const { rows, total, next } = await this.groups.page(organisation, { sort, place, pageSize });
    return { list: { groups: rows.map(presentGroup), pages: pageCount(total, place, pageSize) }, next };
  }

  /** @throws NotFound */
  async get(organisation: OrganisationId, id: string): Promise<UserGroupRow> {
    const row = isObjectIdText(id) ? await this.groups.findById(organisation, toObjectId(id)) : null;
    if (row === null) throw notFound();
    return row;
  }

  /** @throws ValidationFailed, CastellanError 403 for rights that the caller lacks */
  async create(context: OrganisationContext, input: UserGroupChange): Promise<UserGroupRow> {
    return this.tools.recorder.commit(context, async (unit) => {
      const author = await this.rules.author(unit, context.user);
      const grants = await this.rules.grants(unit, input.user_permissions ?? {});
      await this.rules.requireSomething(unit, grants);
      author.requireGrantable({}, grants, 'user_permissions');
      return this.groups.insert(unit, draftOf(input, grants, null));
    });
  }

  /** @throws NotFound, VersionMismatch, ValidationFailed, CastellanError 403, Conflict for the last administrator */
  async update(
    context: OrganisationContext,
    id: string,
    input: UserGroupChange,
    precondition: Precondition,
  ): Promise<UserGroupRow> {
    return this.tools.recorder.commit(context, async (unit) => {
      const author = await this.rules.author(unit, context.user);
      const current = await this.find(unit, id);
      if (current !== null) author.requireAbove(current.grants);
      const row = await unit.require(current, notFound, precondition);
      const sent = input.user_permissions;
      const grants = sent == null ? row.grants : await this.rules.grants(unit, sent);
      await this.rules.requireSomething(unit, grants);
      author.requireGrantable({}, grants, 'user_permissions');
      return this.rules.keepingAdministrator(unit, () => this.groups.replace(unit, row, draftOf(input, grants, row)));
    });
  }

  /** @throws NotFound, VersionMismatch, CastellanError 403, Conflict while somebody is in it or it owns something */
  async remove(context: OrganisationContext, id: string, precondition: Precondition): Promise<void> {
    await this.tools.recorder.commit(context, async (unit) => {
      const author = await this.rules.author(unit, context.user);
      const current = await this.find(unit, id);
      if (current !== null) author.requireAbove(current.grants);
      const row = await unit.require(current, notFound, precondition);
      const errors = await this.usersOf(unit, row);
      if (errors.length > 0) throw new Conflict('in_use', 'The user group is still in use', { errors });
      await this.groups.remove(unit, row);
    });
  }

  private find({ organisation, session }: UnitOfWork, id: string): Promise<UserGroupRow | null> {
    return isObjectIdText(id) ? this.groups.findById(organisation, toObjectId(id), session) : Promise.resolve(null);
  }

  private async usersOf(unit: UnitOfWork, { _id }: UserGroupRow): Promise<readonly FieldError[]> {
    const { organisation, session } = unit;
    const id = _id.toString();
    const members = await this.users.heads(organisation, { groupIds: id }, session);
    return [
      ...members.slice(0, named).map((user) => ({
        path: `users.${user._id.toString()}.group_ids`,
        message: `${user.email} is in it`,
      })),
      ...(await this.owned.byGroup(unit, id)),
    ];
  }
}

const notFound = (): NotFound => new NotFound('Could not retrieve user group detail.');

const storedGroup = ({ document }: Pick<UserGroupRow, 'document'>): JsonObject => {
  const stored = parseJson(document);
  return isJsonObject(stored) ? stored : {};
};

const draftOf = (input: UserGroupChange, grants: Grants, current: UserGroupRow | null): Draft<UserGroupRow> => {
  const before = current === null ? {} : storedGroup(current);
  const name = input.name ?? current?.name ?? '';
  const active = input.active ?? current?.active ?? true;
  const document: JsonObject = {
    name,
    description: input.description ?? textAt(before, 'description'),
    active,
    password_max_days: input.password_max_days ?? numberAt(before, 'password_max_days'),
    user_permissions: { ...grants },
  };
  return { _id: current?._id ?? newObjectId(), document: JSON.stringify(document), name, active, grants };
};

/** As replies show a group. */
export const presentGroup = (row: UserGroupRow): UserGroupDto => {
  const stored = storedGroup(row);
  return {
    active: row.active,
    description: textAt(stored, 'description'),
    id: row._id.toString(),
    name: row.name,
    org_id: row.orgId.toString(),
    password_max_days: numberAt(stored, 'password_max_days'),
    user_permissions: row.grants,
  };
};
