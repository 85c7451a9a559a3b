import type { AnyKind, ChangeFeed, Generations, OrganisationId, ResourceRow } from '@castellan/persistence';
import { Coalescer } from '../gateways/delivery/coalescer';

/** What lists show of one organisation's resources of a kind, as they were after one of its changes. */
interface Listing<Row, Self> {
  /** The place of that change among the organisation's. */
  readonly sequence: number;
  readonly size: number;
  /**
   * The listing after a later change.
   *
   * @param ids hex ids of those that have changed since
   * @param current those of them that still exist
   */
  advanced(sequence: number, ids: readonly string[], current: readonly Row[]): Self;
}

/** What is held, and how it is read. */
interface HeldKind<Row, Held> {
  readonly kind: Pick<AnyKind, 'name' | 'collection'>;
  /** Fields that are left out of rows. */
  readonly without: readonly string[];
  readonly all: (organisation: OrganisationId) => Promise<readonly Row[]>;
  /** @param rows by hex id */
  readonly listing: (sequence: number, rows: ReadonlyMap<string, Row>) => Held;
}

/** Rows held in memory of one kind, of all organisations together; about a kilobyte each at most. */
const mostHeld = 200_000;

/**
 * The listings of the organisations whose lists were asked for lately. Every list is answered with the state of a
 * moment after the question: each asks for the organisation's generation, and only what has changed is read again. So a
 * page, a search or a filter of ten thousand rows costs the rows that it shows, whatever the database can do.
 */
export class HeldListings<Row extends Pick<ResourceRow, '_id'>, Held extends Listing<Row, Held>> {
  /** The one used last comes last. */
  private readonly held = new Map<OrganisationId, Held>();
  private readonly refreshing = new Map<OrganisationId, Coalescer<Held>>();

  constructor(
    private readonly holding: HeldKind<Row, Held>,
    private readonly generations: Generations,
    private readonly feed: ChangeFeed,
  ) {}

  async of(organisation: OrganisationId): Promise<Held> {
    const refresh = this.refreshing.get(organisation) ?? new Coalescer(() => this.refreshed(organisation));
    this.refreshing.set(organisation, refresh);
    return refresh.run();
  }

  private async refreshed(organisation: OrganisationId): Promise<Held> {
    const { kind, without } = this.holding;
    const before = this.held.get(organisation);
    // How far it has come is read first: what commits meanwhile makes the rows newer than that, and is read again.
    const { reached, changed } =
      before === undefined
        ? { reached: await this.generations.of(organisation), changed: null }
        : await this.feed.since<Row>(organisation, before.sequence, kind, without);
    const { sequence, importing } = reached;
    if (before?.sequence === sequence) return this.hold(organisation, before);
    // An import in batches may take back what it has written, without a word in the feed.
    if (importing !== null) return this.whole(organisation, sequence);
    const advanced = changed === null ? undefined : before?.advanced(sequence, changed.ids, changed.rows);
    return this.hold(organisation, advanced ?? (await this.whole(organisation, sequence)));
  }

  private async whole(organisation: OrganisationId, sequence: number): Promise<Held> {
    const rows = await this.holding.all(organisation);
    return this.holding.listing(sequence, new Map(rows.map((row) => [row._id.toString(), row])));
  }

  private hold(organisation: OrganisationId, listing: Held): Held {
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
