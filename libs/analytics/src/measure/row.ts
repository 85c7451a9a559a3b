import type { Measures } from './measures';

/** Length of a bucket; buckets begin at whole ones in UTC. */
export type RollupUnit = 'minute' | 'hour' | 'day';

/** By what a row groups. Each but the total groups by API and version too, so that rights to single APIs can be held. */
export const rollupKinds = [
  ...(['total', 'api', 'key', 'endpoint', 'keyEndpoint', 'error', 'oauth', 'tag', 'country'] as const),
] as const;
export type RollupKind = (typeof rollupKinds)[number];

/** Values of the dimensions of a row; those that its kind does not group by are missing. */
export interface Dimensions {
  readonly api?: string;
  readonly version?: string;
  readonly key?: string;
  readonly path?: string;
  readonly code?: number;
  readonly oauth?: string;
  readonly tag?: string;
  readonly country?: string;
}

/** The measures of one bucket and one combination of dimensions. */
export interface RollupRow {
  readonly orgId: string;
  readonly unit: RollupUnit;
  readonly at: Date;
  readonly kind: RollupKind;
  readonly dimensions: Dimensions;
  /** Last known name of the API, or alias of the key. */
  label: string;
  readonly measures: Measures;
}
