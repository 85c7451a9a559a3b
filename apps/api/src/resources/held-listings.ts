import {
  EveryOrganisation,
  type AnyKind,
  type ChangeFeed,
  type Generations,
  type OrganisationId,
  type ResourceRow,
  type Span,
} from '@castellan/persistence';
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
  readonly all: (span: Span) => Promise<readonly Row[]>;
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
  private everything: { readonly reached: string; readonly listing: Held } | null = null;
  private refreshingAll: Coalescer<Held> | null = null;

  constructor(
    private readonly holding: HeldKind<Row, Held>,
    private readonly generations: Generations,
    private readonly feed: ChangeFeed,
  ) {}

  async of(span: Span): Promise<Held> {
    return EveryOrganisation.is(span) ? this.ofAll(span) : this.ofOne(span);
  }

  /** Of all organisations: read again whole after any change, since only a super user asks. */
  private async ofAll(every: EveryOrganisation): Promise<Held> {
    this.refreshingAll ??= new Coalescer(async () => {
      const { reached, settled } = await this.generations.ofAll(every);
      if (this.everything?.reached === reached) return this.everything.listing;
      const listing = await this.whole(every, 0);
      this.everything = settled && listing.size <= mostHeld ? { reached, listing } : null;
      return listing;
    });
    return this.refreshingAll.run();
  }

  private async ofOne(organisation: OrganisationId): Promise<Held> {
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

  private async whole(span: Span, sequence: number): Promise<Held> {
    const rows = await this.holding.all(span);
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
