import type { Dimensions } from '@castellan/analytics';
import type { Scope } from './rights';

export type DimensionName = keyof Dimensions;

/** Values that a record has to have; a list names alternatives. */
export type Filters = { readonly [K in DimensionName]?: readonly NonNullable<Dimensions[K]>[] };

export interface Question {
  readonly from: Date;
  readonly until: Date;
  /** Where one bucket ends and the next begins, beside the ends of the range. */
  readonly edges: readonly Date[];
  readonly scope: Scope;
  readonly filters: Filters;
  readonly groupBy: readonly DimensionName[];
  /** Whether different keys and addresses are asked for. */
  readonly callers?: boolean;
  /** Whether percentiles are asked for. */
  readonly percentiles?: boolean;
  /** Whether only errors are asked for. */
  readonly errorsOnly?: boolean;
}

/** The dimensions that have to be known of whatever answers. */
export const askedDimensions = ({ scope, filters, groupBy }: Question): Set<DimensionName> =>
  new Set([...groupBy, ...(Object.keys(filters) as DimensionName[]), ...(scope === null ? [] : (['api'] as const))]);

/** Whether every bucket of the question begins and ends with one of this length, in milliseconds. */
export const fitsInto = ({ from, until, edges }: Question, bucketMs: number): boolean =>
  [from, until, ...edges].every((edge) => edge.getTime() % bucketMs === 0);
