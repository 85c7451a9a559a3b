import { Injectable } from '@nestjs/common';
import { allKinds, deleteOrder, KeyIndex, UserStore, type UnitOfWork } from '@castellan/persistence';
import { ResourceTools } from '../../resources/resource-tools';
import { sectionOf } from '../kind-sections';

/** How many there are of everything that goes with an organisation, by what replies call it. */
export type Inventory = Readonly<Record<string, number>>;

/** What belongs to an organisation as far as a transaction reaches: the resources of all kinds, and what is known of keys. */
@Injectable()
export class Belongings {
  constructor(
    private readonly tools: ResourceTools,
    private readonly keys: KeyIndex,
    private readonly users: UserStore,
  ) {}

  async count(unit: UnitOfWork): Promise<Inventory> {
    const counts: Record<string, number> = {};
    for (const kind of this.kinds()) {
      counts[sectionOf(kind)] = (await this.tools.stores.get(kind.name)?.count(unit.organisation, unit)) ?? 0;
    }
    return { ...counts, keys: await this.keys.count(unit.organisation, unit.session) };
  }

  /** @returns the ids of those who were users */
  async removeAll(unit: UnitOfWork): Promise<readonly string[]> {
    const { organisation, session, at } = unit;
    const userIds = await this.users.ids(organisation, session);
    for (const { name } of deleteOrder(this.kinds())) await this.tools.stores.get(name)?.removeAll(organisation, unit);
    await this.keys.deleteAll(organisation, at, session);
    return userIds;
  }

  private kinds() {
    return allKinds().filter(({ name }) => this.tools.stores.has(name));
  }
}
