import { Injectable } from '@nestjs/common';
import {
  apiKind,
  ApiStore,
  ChangeFeed,
  Generations,
  notListed,
  type ApiSummary,
  type OrganisationId,
} from '@castellan/persistence';
import { Coalescer } from '../gateways/delivery/coalescer';
import { ApiListing } from './listing';

/** APIs held in memory, of all organisations together; about a kilobyte each. */
const mostHeld = 200_000;

/**
 * The listings of the organisations whose lists were asked for lately. Every list is answered with the state of a
 * moment after the question: each asks for the organisation's generation, and only what has changed is read again. So a
 * page, a search or a filter of ten thousand definitions costs the rows that it shows, whatever the database can do.
 */
@Injectable()
export class ApiListings {
  /** The one used last comes last. */
  private readonly held = new Map<OrganisationId, ApiListing>();
  private readonly refreshing = new Map<OrganisationId, Coalescer<ApiListing>>();

  constructor(
    private readonly apis: ApiStore,
    private readonly generations: Generations,
    private readonly feed: ChangeFeed,
  ) {}

  async of(organisation: OrganisationId): Promise<ApiListing> {
    const refresh = this.refreshing.get(organisation) ?? new Coalescer(() => this.refreshed(organisation));
    this.refreshing.set(organisation, refresh);
    return refresh.run();
  }

  private async refreshed(organisation: OrganisationId): Promise<ApiListing> {
    const before = this.held.get(organisation);
    // How far it has come is read first: what commits meanwhile makes the rows newer than that, and is read again.
    const { reached, changed } =
      before === undefined
        ? { reached: await this.generations.of(organisation), changed: null }
        : await this.feed.since<ApiSummary>(organisation, before.sequence, apiKind, notListed);
    const { sequence, importing } = reached;
    if (before?.sequence === sequence) return this.hold(organisation, before);
    // An import in batches may take back what it has written, without a word in the feed.
    if (importing !== null) return this.whole(organisation, sequence);
    const advanced = changed === null ? undefined : before?.advanced(sequence, changed.ids, changed.rows);
    return this.hold(organisation, advanced ?? (await this.whole(organisation, sequence)));
  }

  private async whole(organisation: OrganisationId, sequence: number): Promise<ApiListing> {
    const rows = await this.apis.summaries(organisation);
    return new ApiListing(sequence, new Map(rows.map((row) => [row._id.toString(), row])));
  }

  private hold(organisation: OrganisationId, listing: ApiListing): ApiListing {
    this.held.delete(organisation);
    this.held.set(organisation, listing);
    let size = [...this.held.values()].reduce((sum, each) => sum + each.size, 0);
    for (const [oldest, each] of this.held) {
      if (size <= mostHeld || oldest === organisation) break;
      this.held.delete(oldest);
      this.refreshing.delete(oldest);
      size -= each.size;
    }
    return listing;
  }
}
