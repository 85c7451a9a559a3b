import type { ApiSummary } from '@castellan/persistence';
import type { ListOrder as ListOrderOf } from '../http/list-in-memory';

/** The orders that lists may be in (docs/tyk/management.md#apis). */
export const listOrders = ['name', '-name', 'created_at', '-created_at', 'updated_at', '-updated_at'] as const;
export type ListOrder = (typeof listOrders)[number];

type Comparison = (a: ApiSummary, b: ApiSummary) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const comparisons: Readonly<Record<string, Comparison>> = {
  name: (a, b) => byText(a.nameKey, b.nameKey),
  created_at: (a, b) => a.createdAt.getTime() - b.createdAt.getTime(),
  updated_at: (a, b) => a.updatedAt.getTime() - b.updatedAt.getTime(),
};

/** The same orders, for those who go on from a place in them. */
export const orderNamed = (order: ListOrder): ListOrderOf<ApiSummary> => {
  const direction = order.startsWith('-') ? -1 : 1;
  return {
    name: order,
    keys: [
      { valueOf: (row) => sortedBy(order, row), direction },
      { valueOf: ({ _id }) => _id, direction },
    ],
  };
};

const sortedBy = (order: ListOrder, { nameKey, createdAt, updatedAt }: ApiSummary): string | Date => {
  if (order.endsWith('name')) return nameKey;
  return order.endsWith('created_at') ? createdAt : updatedAt;
};

/** Beyond so many changed rows it takes less time to sort them all. */
const mostInserted = 100;

/** What lists show of one organisation's APIs, as they were after one of its changes; or of those of all. */
export class ApiListing {
  private readonly byOrder = new Map<ListOrder, readonly ApiSummary[]>();
  private versions: ReadonlySet<string> | null = null;

  constructor(
    /** The place of that change among the organisation's. */
    readonly sequence: number,
    /** By hex id. */
    private readonly rows: ReadonlyMap<string, ApiSummary>,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  /** Every API, in an order. Sorted once, since a listing does not change. */
  inOrder(order: ListOrder): readonly ApiSummary[] {
    const known = this.byOrder.get(order);
    if (known !== undefined) return known;
    const sorted = order.startsWith('-') ? this.inOrder(ascending(order)).toReversed() : this.sorted(order);
    this.byOrder.set(order, sorted);
    return sorted;
  }

  /** Whether an API is a version of another one, of the same organisation. */
  isVersion({ orgId, apiId }: Pick<ApiSummary, 'orgId' | 'apiId'>): boolean {
    this.versions ??= new Set(
      [...this.rows.values()].flatMap((base) => (base.versionIds ?? []).map((id) => `${base.orgId.toString()} ${id}`)),
    );
    return this.versions.has(`${orgId.toString()} ${apiId}`);
  }

  /**
   * The listing after a later change.
   *
   * @param ids hex ids of the APIs that have changed since
   * @param current those of them that still exist
   */
  advanced(sequence: number, ids: readonly string[], current: readonly ApiSummary[]): ApiListing {
    const rows = new Map(this.rows);
    for (const id of ids) rows.delete(id);
    for (const row of current) rows.set(row._id.toString(), row);
    const next = new ApiListing(sequence, rows);
    if (current.length <= mostInserted) this.handOrdersTo(next, ids, current);
    return next;
  }

  /** Spares the next listing sorting everything again for a few rows. */
  private handOrdersTo(next: ApiListing, ids: readonly string[], current: readonly ApiSummary[]): void {
    const gone = new Set(ids.map((id) => this.rows.get(id)));
    for (const [order, sorted] of this.byOrder) {
      if (order.startsWith('-')) continue;
      const rows = sorted.filter((row) => !gone.has(row));
      for (const row of current) rows.splice(placeOf(row, rows, order), 0, row);
      next.byOrder.set(order, rows);
    }
  }

  private sorted(order: ListOrder): readonly ApiSummary[] {
    const compare = comparisons[order] ?? (() => 0);
    // Rows that are equal in an order follow each other by id, so that pages do not overlap.
    return [...this.rows].sort(([idA, a], [idB, b]) => compare(a, b) || byText(idA, idB)).map(([, row]) => row);
  }
}

/** Where a row belongs in rows that are in an order. */
const placeOf = (row: ApiSummary, rows: readonly ApiSummary[], order: ListOrder): number => {
  const compare = comparisons[order] ?? (() => 0);
  const isBefore = (other: ApiSummary | undefined): boolean =>
    other !== undefined && (compare(other, row) || byText(other._id.toString(), row._id.toString())) < 0;
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(rows[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
};

const ascending = (order: ListOrder): ListOrder => listOrders.find((other) => `-${other}` === order) ?? 'created_at';
