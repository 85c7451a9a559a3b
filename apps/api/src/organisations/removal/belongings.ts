import { Injectable } from '@nestjs/common';
import { allKinds, deleteOrder, organisationKind, UserStore, type UnitOfWork } from '@castellan/persistence';
import { ResourceTools } from '../../resources/resource-tools';
import { sectionOf } from '../kind-sections';

/** How many there are of everything that goes with an organisation, by what replies call it. */
export type Inventory = Readonly<Record<string, number>>;

/** What belongs to an organisation as far as a transaction reaches: the resources of all kinds. */
@Injectable()
export class Belongings {
  constructor(
    private readonly tools: ResourceTools,
    private readonly users: UserStore,
  ) {}

  async count(unit: UnitOfWork): Promise<Inventory> {
    const counts: Record<string, number> = {};
    for (const kind of this.kinds()) {
      counts[sectionOf(kind)] = await this.tools.stores.of(kind.name).count(unit.organisation, unit);
    }
    return counts;
  }

  /** @returns the ids of those who were users */
  async removeAll(unit: UnitOfWork): Promise<readonly string[]> {
    const { organisation, session } = unit;
    const userIds = await this.users.ids(organisation, session);
    for (const { name } of deleteOrder(this.kinds())) await this.tools.stores.of(name).removeAll(organisation, unit);
    return userIds;
  }

  private kinds() {
    return allKinds().filter(({ name }) => name !== organisationKind.name);
  }
}
