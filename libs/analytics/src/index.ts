export { canonicalAddress } from './address';
export { percentiles } from './measure/latency-sketch';
export { addMeasures, addRecord, keyOf, noMeasures, type Measures } from './measure/measures';
export { Rollup, RowMerge, RowSum, type RowGroup, type RowLimit } from './measure/rollup';
export { rollupKinds, type Dimensions, type RollupKind, type RollupRow, type RollupUnit } from './measure/row';
export { erasedRows, erasedValue, saysOf, type Person } from './measure/erasure';
export { CountSum } from './measure/count-sum';
export { addOpenRows, openRows, packRows, unpackRows, type OpenRows, type Pack, type RowSink } from './measure/pack';
export {
  bucketMark,
  bucketStart,
  lastPlace,
  leadingDimension,
  placeOf,
  rowId,
  spanMs,
  spanStart,
  unitMs,
  valueMark,
} from './measure/row-place';
export { uniqueCount } from './measure/unique-counter';
export { applyPrivacy, defaultPrivacy, isLeftOut, type KeptRecord, type Privacy } from './privacy';
export type { AnalyticsRecord, UptimeRecord } from './record';
export { addToAggregate, type FoundAggregate } from './storage/aggregate-document';
export {
  aggregateCells,
  errorsAlone,
  partThatKnows,
  type AggregateCell,
  type AggregatePart,
} from './storage/aggregate-reading';
export {
  recordDocument,
  recordFromDocument,
  uptimeDocument,
  type FoundDocument,
  type RecordDocument,
  type UptimeDocument,
} from './storage/record-document';
export { analyticsLists, decodeRecord, decodeUptime, namesIn, uptimeList } from './wire/lists';
export { UnreadableRecord } from './wire/unreadable';
export {
  bucketCount,
  bucketsOf,
  isDay,
  isZone,
  ZoneClock,
  type Bucket,
  type CalendarDay,
  type Resolution,
} from './time/calendar';
