import type { ApiSummary } from '@castellan/persistence';

/** The orders that lists may be in (appendix A, `GET /api/apis`, `sort`). */
export const listOrders = ['name', '-name', 'created_at', '-created_at', 'updated_at', '-updated_at'] as const;
export type ListOrder = (typeof listOrders)[number];

type Comparison = (a: ApiSummary, b: ApiSummary) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Rows that are equal in an order follow each other by id, so that pages do not overlap. */
const byId: Comparison = (a, b) => byText(a._id.toString(), b._id.toString());

const comparisons: Readonly<Record<string, Comparison>> = {
  name: (a, b) => byText(a.nameKey, b.nameKey) || byId(a, b),
  created_at: (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || byId(a, b),
  updated_at: (a, b) => a.updatedAt.getTime() - b.updatedAt.getTime() || byId(a, b),
};

/** What lists show of one organisation's APIs, as they were at one generation of it. */
export class ApiCatalogue {
  private readonly byOrder = new Map<string, readonly ApiSummary[]>();
  private versions: ReadonlySet<string> | null = null;

  constructor(
    readonly generation: number,
    private readonly rows: ReadonlyMap<string, ApiSummary>,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  /** Every API, in an order. Sorted once, since a catalogue does not change. */
  inOrder(order: ListOrder): readonly ApiSummary[] {
    const known = this.byOrder.get(order);
    if (known !== undefined) return known;
    const sorted = order.startsWith('-') ? this.inOrder(ascending(order)).toReversed() : this.sorted(order);
    this.byOrder.set(order, sorted);
    return sorted;
  }

  /** The `api_id`s of the APIs that are versions of others. */
  get versionIds(): ReadonlySet<string> {
    this.versions ??= new Set([...this.rows.values()].flatMap(({ versionIds = [] }) => versionIds));
    return this.versions;
  }

  /**
   * The catalogue of a later generation.
   *
   * @param ids hex ids of the APIs that have changed since
   * @param current those of them that still exist
   */
  advanced(generation: number, ids: readonly string[], current: readonly ApiSummary[]): ApiCatalogue {
    const rows = new Map(this.rows);
    for (const id of ids) rows.delete(id);
    for (const row of current) rows.set(row._id.toString(), row);
    return new ApiCatalogue(generation, rows);
  }

  private sorted(order: ListOrder): readonly ApiSummary[] {
    return [...this.rows.values()].sort(comparisons[order] ?? byId);
  }
}

const ascending = (order: ListOrder): ListOrder => listOrders.find((other) => `-${other}` === order) ?? 'created_at';
