import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, type CastellanError, type FieldError } from '@castellan/dto';
import {
  UserGroupStore,
  UserStore,
  type Draft,
  type Operation,
  type Span,
  type Place,
  type UnitOfWork,
  type UserGroupRow,
} from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import { checkedAs } from '../http/validation.pipe';
import type { ReadScope } from '../resources/read-scope';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import type { Author } from './author';
import { OwnedByPeople } from './owned-by-people';
import { PeopleRules } from './people-rules';
import { groupDraft, grantsAskedFor, presentGroup } from './user-group-content';
import { UserGroupChange, UserGroupInput, type UserGroupListDto } from './user-group.dto';

/** Of what keeps a group from being deleted, so many are named. */
const named = 20;

/**
 * Groups of the users of one organisation. A group is as strong as its rights: nobody makes, changes or deletes one with
 * rights that they lack, not even its name.
 */
@Injectable()
export class UserGroupsService extends ResourceService<UserGroupRow> {
  override readonly form = null;
  protected override readonly inUse = 'The user group is still in use';

  constructor(
    tools: ResourceTools,
    private readonly groups: UserGroupStore,
    private readonly members: UserStore,
    private readonly owned: OwnedByPeople,
    private readonly rules: PeopleRules,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, groups, 'Could not retrieve user group detail.');
  }

  async list(span: Span, place: Place): Promise<{ readonly list: UserGroupListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const sort = { createdAt: 1, _id: 1 } as const;
    const { rows, total, next } = await this.groups.page(span, { sort, place, pageSize });
    return { list: { groups: rows.map(presentGroup), pages: pageCount(total, place, pageSize) }, next };
  }

  parse(body: unknown, isChange: boolean): JsonObject {
    return checkedAs(isChange ? UserGroupChange : UserGroupInput, body);
  }

  async draft(scope: ReadScope, { content, id, current }: Drafting<UserGroupRow>): Promise<Draft<UserGroupRow>> {
    const asked = grantsAskedFor(content);
    const grants = asked === null && current !== null ? current.grants : await this.rules.grants(scope, asked ?? {});
    await this.rules.requireSomething(scope, grants);
    return groupDraft(id, content, grants, current);
  }

  /** Nobody gives a group rights that they lack. */
  override async check(scope: ReadScope, wanted: readonly Wanted<UserGroupRow>[]): Promise<readonly Obstacle[]> {
    const author = await this.rules.author(scope);
    return wanted.flatMap(({ draft }, index) => exceeded(author, draft, index));
  }

  /** @throws Unauthorised, CastellanError 403 for a group with rights that the author lacks */
  protected override async mayWrite(unit: UnitOfWork, current: UserGroupRow | null): Promise<void> {
    const author = await this.rules.author(unit, current !== null);
    if (current !== null) author.requireAbove(current.grants);
  }

  /** @throws Conflict for what leaves the organisation without an administrator */
  override put(
    unit: UnitOfWork,
    current: UserGroupRow | null,
    draft: Draft<UserGroupRow>,
    how: { readonly operation: Operation; readonly version: number },
  ): Promise<UserGroupRow> {
    const write = () => super.put(unit, current, draft, how);
    return current === null ? write() : this.rules.keepingAdministrator(unit, current, write);
  }

  protected override async users(unit: UnitOfWork, { _id }: UserGroupRow): Promise<readonly FieldError[]> {
    const { organisation, session } = unit;
    const id = _id.toString();
    const members = await this.members.heads(organisation, { groupIds: id }, session);
    return [
      ...members.slice(0, named).map((user) => ({
        path: `users.${user._id.toString()}.group_ids`,
        message: `${user.email} is in it`,
      })),
      ...(await this.owned.byGroup(unit, id)),
    ];
  }

  /** Ids are made here, so that none is taken. */
  protected conflict(): Promise<CastellanError> {
    return Promise.resolve(new Conflict('id_conflict', 'There is a user group with the same id'));
  }
}

const exceeded = (author: Author, { grants }: Draft<UserGroupRow>, index: number): readonly Obstacle[] => {
  const error = author.grantRefusal({}, grants, 'user_permissions');
  return error === null ? [] : [{ index, path: 'user_permissions', brief: 'gives rights that you lack', error }];
};
