import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Conflict, ValidationFailed } from '@castellan/dto';
import { LOGGER, Recurring, type Logger } from '@castellan/observability';
import {
  OrganisationStore,
  RemovalStore,
  toObjectId,
  type OrganisationRow,
  type RemovalRow,
} from '@castellan/persistence';
import type { Precondition } from '../../http/precondition';
import type { OperatorContext } from '../../http/request-context';
import { ResourceTools } from '../../resources/resource-tools';
import { organisationIdOf, unknownOrganisation } from '../organisation-id';
import { Belongings, type Inventory } from './belongings';
import { Leftovers } from './leftovers';

/** Pause between two looks for removals that are not done with, in milliseconds. */
const lookMs = 2_000;

/**
 * Deletes organisations, with everything of them. What a transaction reaches goes with it; the rest is written down there and
 * cleared after it, by whichever replica, until nothing is left. The audit log stays, and the history: they say who did it.
 */
@Injectable()
export class OrganisationRemoval implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Recurring;

  constructor(
    private readonly tools: ResourceTools,
    private readonly organisations: OrganisationStore,
    private readonly removals: RemovalStore,
    private readonly belongings: Belongings,
    private readonly leftovers: Leftovers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new Recurring('removals', lookMs, () => this.clearAll(), logger);
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /**
   * @param confirmed the name of the organisation, from whoever has seen what goes with it
   * @throws NotFound, VersionMismatch, Conflict that says what would go, ValidationFailed for another name
   */
  async remove(
    context: OperatorContext,
    id: string,
    precondition: Precondition,
    confirmed: string | undefined,
  ): Promise<void> {
    const organisation = organisationIdOf(id);
    const removal = await this.tools.commit(context.in(organisation), async (unit) => {
      const current = await this.organisations.byId(organisation, unit.session);
      if (current === null) throw unknownOrganisation();
      precondition.check(current.version);
      requireConfirmed(current, confirmed, await this.belongings.count(unit));
      const row = { _id: toObjectId(organisation), at: unit.at, userIds: await this.belongings.removeAll(unit) };
      await this.removals.begin(row, unit.session);
      await this.organisations.remove(unit, current);
      return row;
    });
    try {
      await this.clear(removal);
    } catch (error) {
      this.logger.warn(
        { err: error, organisation },
        'Something of a deleted organisation is left, and will be cleared',
      );
    }
  }

  private async clearAll(): Promise<void> {
    for (const removal of await this.removals.all()) await this.clear(removal);
  }

  private async clear(removal: RemovalRow): Promise<void> {
    if (await this.leftovers.clear(removal)) await this.removals.end(removal);
  }
}

const requireConfirmed = ({ name }: OrganisationRow, confirmed: string | undefined, held: Inventory): void => {
  if (confirmed === name) return;
  if (confirmed !== undefined) {
    throw new ValidationFailed([{ path: 'confirm', message: 'is not the name of the organisation' }]);
  }
  const counts = Object.entries(held).filter(([, count]) => count > 0);
  if (counts.length === 0) return;
  const said = counts.map(([section, count]) => `${count} ${section}`).join(', ');
  throw new Conflict('confirmation_needed', `With it would go ${said}; repeat with confirm=<name> to delete it all`, {
    meta: { confirm: name, would_delete: held },
  });
};
