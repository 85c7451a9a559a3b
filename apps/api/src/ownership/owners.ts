import { Injectable } from '@nestjs/common';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { isObjectIdText, toObjectId, UserGroupStore, UserStore, type OrganisationId } from '@castellan/persistence';
import type { JsonValue } from '@castellan/tyk';
import { ownersIn } from './sight';

/** Fields in which owners are named, in the words of a request. */
interface OwnerFields {
  readonly users: string;
  readonly groups: string;
}

const inDocuments: OwnerFields = { users: 'user_owners', groups: 'user_group_owners' };
const nobody = { userOwners: [], groupOwners: [] };

/** Whom an organisation's APIs and policies may belong to. */
@Injectable()
export class Owners {
  constructor(
    private readonly users: UserStore,
    private readonly groups: UserGroupStore,
  ) {}

  /**
   * Owners who are named anew have to be people and groups of the organisation; those who were there may have gone since.
   *
   * @param current the document until now; null for a new one
   * @throws ValidationFailed with each owner who is none
   */
  async requireKnown(
    organisation: OrganisationId,
    document: JsonValue,
    current: () => JsonValue | null,
    fields = inDocuments,
  ): Promise<void> {
    const { userOwners, groupOwners } = ownersIn(document);
    if (userOwners.length === 0 && groupOwners.length === 0) return;
    const stored = current();
    const before = stored === null ? nobody : ownersIn(stored);
    const users = await this.strangers(userOwners, before.userOwners, (ids) =>
      this.users.existing(organisation, ids.map(toObjectId)),
    );
    const groups = await this.strangers(groupOwners, before.groupOwners, (ids) =>
      this.groups.existing(organisation, ids.map(toObjectId)),
    );
    const problems: FieldError[] = [
      ...users.map((at) => ({ path: `${fields.users}[${at}]`, message: 'is no user of the organisation' })),
      ...groups.map((at) => ({ path: `${fields.groups}[${at}]`, message: 'is no user group of the organisation' })),
    ];
    if (problems.length > 0) throw new ValidationFailed(problems);
  }

  /** Places of ids that are new and name nobody. */
  private async strangers(
    named: readonly string[],
    before: readonly string[],
    existing: (ids: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<readonly number[]> {
    const added = named.filter((id) => !before.includes(id));
    if (added.length === 0) return [];
    const known = await existing(added.filter(isObjectIdText));
    return named.flatMap((id, at) => (before.includes(id) || known.has(id) ? [] : [at]));
  }
}
