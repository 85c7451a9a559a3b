import { Injectable } from '@nestjs/common';
import type { FieldError } from '@castellan/dto';
import { ownedKinds, type AnyKind, type Owned, type UnitOfWork } from '@castellan/persistence';
import type { AnyHead } from '../resources/kind-stores';
import { ResourceTools } from '../resources/resource-tools';
import { sectionOf } from '../organisations/kind-sections';
import { namedTo } from '../ownership/named-to';

/** Of what somebody owns, so many are named. */
const most = 20;

/** Something that people own, as errors call it. */
interface Owning extends Owned {
  readonly section: string;
  readonly key: string;
  readonly called: string;
}

/** What of an organisation belongs to its users and groups. */
@Injectable()
export class OwnedByPeople {
  constructor(private readonly tools: ResourceTools) {}

  /** What has no owner but this user. */
  async byUserAlone(unit: UnitOfWork, userId: string): Promise<readonly FieldError[]> {
    const alone = (await this.find(unit, { userOwners: userId })).filter(
      ({ userOwners, groupOwners }) => groupOwners.length === 0 && userOwners.every((owner) => owner === userId),
    );
    if (alone.length === 0) return [];
    return namedTo(
      await unit.viewer(),
      alone.slice(0, most),
      ({ section, key, called }) => ({
        path: `${section}.${key}.user_owners`,
        message: `${called} has no other owner`,
      }),
      { path: 'user_owners', message: 'Something that is not yours has no other owner' },
    );
  }

  /** What a group owns. */
  async byGroup(unit: UnitOfWork, groupId: string): Promise<readonly FieldError[]> {
    return namedTo(
      await unit.viewer(),
      (await this.find(unit, { groupOwners: groupId })).slice(0, most),
      ({ section, key, called }) => ({ path: `${section}.${key}.user_group_owners`, message: `It owns the ${called}` }),
      { path: 'user_group_owners', message: 'It owns something that is not yours' },
    );
  }

  private async find(
    unit: UnitOfWork,
    filter: Readonly<Partial<Record<keyof Owned, string>>>,
  ): Promise<readonly Owning[]> {
    const found: Owning[] = [];
    for (const kind of ownedKinds()) {
      const rows = await this.tools.stores.rowsOf(kind.name).heads(unit.organisation, filter, unit);
      for (const row of rows) found.push({ ...ownersOf(row), ...nameOf(kind, row) });
    }
    return found;
  }
}

const nameOf = (kind: AnyKind, row: AnyHead) => {
  const key = kind.keyOf(row) ?? row._id.toString();
  return { section: sectionOf(kind), key, called: `${kind.called} "${row.name ?? key}"` };
};

const ownersOf = ({ userOwners = [], groupOwners = [] }: Partial<Owned>): Owned => ({ userOwners, groupOwners });
