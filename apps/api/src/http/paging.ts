/**
 * The page that `p` asks for: 1 is the first, null means everything. Clients count from 0 (v0.9) or from 1 (later);
 * a negative number asks for everything (docs/tyk/management.md#paging).
 */
export const pageFrom = (p: string | undefined): number | null => {
  const asked = p === undefined || p === '' ? 1 : Number(p);
  if (!Number.isInteger(asked)) return 1;
  if (asked < 0) return null;
  return Math.max(asked, 1);
};

/** How many pages a list has; a list that is given whole has one. */
export const pageCount = (total: number, page: number | null, pageSize: number): number =>
  page === null ? Math.min(total, 1) : Math.ceil(total / pageSize);
