import { Injectable } from '@nestjs/common';
import { ApiStore, Generations, Outbox, toObjectId, type OrganisationId } from '@castellan/persistence';
import { Coalescer } from '../gateways/delivery/coalescer';
import { ApiCatalogue } from './catalogue';

/** Entries of the outbox name so many changes at most; one that names as many may have left some out. */
const namedChanges = 1_000;

/** APIs held in memory, of all organisations together; about a kilobyte each. */
const mostHeld = 200_000;

/**
 * The catalogues of the organisations whose lists were asked for lately. Every list is answered with the state of a
 * moment after the question: each asks for the organisation's generation, and only what has changed is read again. So a
 * page, a search or a filter of ten thousand definitions costs the rows that it shows, whatever the database can do.
 */
@Injectable()
export class ApiCatalogues {
  /** The one used last comes last. */
  private readonly held = new Map<OrganisationId, ApiCatalogue>();
  private readonly refreshing = new Map<OrganisationId, Coalescer<ApiCatalogue>>();

  constructor(
    private readonly apis: ApiStore,
    private readonly generations: Generations,
    private readonly outbox: Outbox,
  ) {}

  async of(organisation: OrganisationId): Promise<ApiCatalogue> {
    const refresh = this.refreshing.get(organisation) ?? new Coalescer(() => this.refreshed(organisation));
    this.refreshing.set(organisation, refresh);
    return refresh.run();
  }

  private async refreshed(organisation: OrganisationId): Promise<ApiCatalogue> {
    // The generation is read first: what commits meanwhile makes the rows newer than it says, and is read again.
    const { generation, importing } = await this.generations.of(organisation);
    const before = this.held.get(organisation);
    if (before?.generation === generation) return this.hold(organisation, before);
    // An import in batches may take back what it has written, without another generation.
    if (importing !== null) return this.whole(organisation, generation);
    const advanced = before && (await this.advanced(organisation, before, generation));
    return this.hold(organisation, advanced ?? (await this.whole(organisation, generation)));
  }

  private async whole(organisation: OrganisationId, generation: number): Promise<ApiCatalogue> {
    const rows = await this.apis.summaries(organisation);
    return new ApiCatalogue(generation, new Map(rows.map((row) => [row._id.toString(), row])));
  }

  /** The catalogue brought up to date; undefined when it is not known what all has changed. */
  private async advanced(
    organisation: OrganisationId,
    before: ApiCatalogue,
    generation: number,
  ): Promise<ApiCatalogue | undefined> {
    const entries = await this.outbox.since(organisation, before.generation);
    const isWhole = entries.every(
      (entry, index) => entry.generation === before.generation + 1 + index && entry.changes.length < namedChanges,
    );
    const reached = entries.at(-1)?.generation ?? 0;
    if (!isWhole || reached < generation) return undefined;
    const changed = entries.flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'api').map(({ id }) => id));
    const ids = [...new Set(changed)];
    const rows = ids.length === 0 ? [] : await this.apis.summaries(organisation, ids.map(toObjectId));
    return before.advanced(reached, ids, rows);
  }

  private hold(organisation: OrganisationId, catalogue: ApiCatalogue): ApiCatalogue {
    this.held.delete(organisation);
    this.held.set(organisation, catalogue);
    let size = [...this.held.values()].reduce((sum, each) => sum + each.size, 0);
    for (const [oldest, each] of this.held) {
      if (size <= mostHeld || oldest === organisation) break;
      this.held.delete(oldest);
      this.refreshing.delete(oldest);
      size -= each.size;
    }
    return catalogue;
  }
}
