import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  keyKind,
  KeyIndex,
  OrganisationStore,
  toOrganisationId,
  type OrganisationId,
  type OrganisationRow,
} from '@castellan/persistence';
import { ResourceTools } from '../resources/resource-tools';
import { KeyCounters } from './key-counters';

const batchSize = 200;

/**
 * Keys go with their organisation: after it, in batches, since there may be more than one transaction can hold. What a process that
 * dies leaves is found by the next walk over all keys.
 */
@Injectable()
export class OrganisationKeys implements OnModuleInit {
  constructor(
    private readonly tools: ResourceTools,
    private readonly index: KeyIndex,
    private readonly organisations: OrganisationStore,
    private readonly counters: KeyCounters,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.tools.stores.keep(keyKind.name, {
      count: (organisation, { session }) => this.index.count(organisation, session),
      removeAll: (organisation, { at, session }) => this.index.deleteAll(organisation, at, session),
    });
    this.tools.afterRemoval.push(async (organisation) => {
      try {
        await this.removeAll(organisation);
      } catch (error) {
        this.logger.warn({ err: error, organisation }, 'Keys of a removed organisation are deleted later');
      }
    });
  }

  /** Deletes the keys of organisations that are no more. */
  async removeOrphans(): Promise<void> {
    const ids = await this.index.organisations();
    const present = await this.organisations.present(ids);
    for (const id of ids.filter((one) => !present.has(one))) await this.removeAll(toOrganisationId(id));
  }

  /** Counts keys that a replica of an earlier program has made, while one of this program ran already. */
  async adoptAll(): Promise<void> {
    let after: OrganisationRow['_id'] | null = null;
    for (;;) {
      const rows: OrganisationRow[] = await this.organisations.nextOfAll(after, batchSize);
      for (const { _id } of rows) await this.index.adopt(toOrganisationId(_id));
      after = rows.at(-1)?._id ?? null;
      if (after === null) return;
    }
  }

  private async removeAll(organisation: OrganisationId): Promise<void> {
    for (;;) {
      const rows = await this.index.some(organisation, batchSize);
      if (rows.length === 0) return;
      await this.index.endAll(rows, this.clock.now());
      await this.counters.reset(rows);
    }
  }
}
