import type { AnalyticsRecord } from '../record';
import { bucketOf, mergeSketch } from './latency-sketch';
import { mergeRegisters, registerOf } from './unique-counter';

/** The key of requests without one: gateways write this, or nothing when they do not hash keys. */
const keyless = '00000000';

export const keyOf = ({ apiKey }: Pick<AnalyticsRecord, 'apiKey'>): string => (apiKey === '' ? keyless : apiKey);

/**
 * Gateways record connections of TCP services with this code. They are bytes, and no HTTP hits.
 * (github.com/TykTechnologies/tyk-pump, analytics/aggregate.go)
 */
const connectionCode = -1;

/** What is counted and summed up of a group of records. Latencies are milliseconds. */
export interface Measures {
  hits: number;
  /** 2xx alone. */
  success: number;
  /** 400 and above. */
  errors: number;
  /** Records that have a latency; see {@link hasLatency}. */
  latencyCount: number;
  latencySum: number;
  latencyMax: number | null;
  latencyMin: number | null;
  upstreamSum: number;
  upstreamMax: number | null;
  upstreamMin: number | null;
  gatewaySum: number;
  /** Of request bodies over HTTP, and of connections in and out over TCP. */
  contentLength: number;
  bytesIn: number;
  bytesOut: number;
  last: Date | null;
  /** Hits by response code. */
  readonly codes: Map<number, number>;
  readonly sketch: Map<number, number>;
  /** Registers of unique keys and of unique addresses. */
  readonly keys: Map<number, number>;
  readonly addresses: Map<number, number>;
}

export const noMeasures = (): Measures => ({
  hits: 0,
  success: 0,
  errors: 0,
  latencyCount: 0,
  latencySum: 0,
  latencyMax: null,
  latencyMin: null,
  upstreamSum: 0,
  upstreamMax: null,
  upstreamMin: null,
  gatewaySum: 0,
  contentLength: 0,
  bytesIn: 0,
  bytesOut: 0,
  last: null,
  codes: new Map(),
  sketch: new Map(),
  keys: new Map(),
  addresses: new Map(),
});

/** Codes beyond what HTTP has are counted together. */
const codeOf = (code: number): number => (Number.isInteger(code) && code >= 0 && code <= 999 ? code : 0);

/**
 * Whether the record says how long something took. A refusal by the gateway itself has zeros, which are no latency of the
 * API: they would pull every average down.
 */
const hasLatency = ({ responseCode, latency }: AnalyticsRecord): boolean =>
  responseCode < 400 || latency.total > 0 || latency.upstream > 0;

const larger = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.max(left, right);
const smaller = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.min(left, right);
const later = (left: Date | null, right: Date | null): Date | null =>
  left === null ? right : right === null || left >= right ? left : right;

/** Adds one record. @param unique whether different keys and addresses are counted too */
export const addRecord = (into: Measures, record: AnalyticsRecord, unique: boolean): void => {
  const { responseCode, latency, network, timeStamp } = record;
  into.bytesIn += network.bytesIn;
  into.bytesOut += network.bytesOut;
  into.last = later(into.last, timeStamp);
  if (responseCode === connectionCode) return;

  into.hits += 1;
  if (responseCode >= 200 && responseCode < 300) into.success += 1;
  if (responseCode >= 400) into.errors += 1;
  into.contentLength += Math.max(record.contentLength, 0);
  const code = codeOf(responseCode);
  into.codes.set(code, (into.codes.get(code) ?? 0) + 1);
  if (unique) addCallers(into, record);
  if (!hasLatency(record)) return;

  const total = Math.max(latency.total === 0 ? record.requestTime : latency.total, 0);
  const upstream = Math.max(latency.upstream, 0);
  into.latencyCount += 1;
  into.latencySum += total;
  into.latencyMax = larger(into.latencyMax, total);
  into.latencyMin = smaller(into.latencyMin, total);
  into.upstreamSum += upstream;
  into.upstreamMax = larger(into.upstreamMax, upstream);
  into.upstreamMin = smaller(into.upstreamMin, upstream);
  into.gatewaySum += Math.max(latency.gateway, 0);
  const bucket = bucketOf(total);
  into.sketch.set(bucket, (into.sketch.get(bucket) ?? 0) + 1);
};

const addCallers = (into: Measures, record: AnalyticsRecord): void => {
  const key = keyOf(record);
  if (key !== keyless) mergeRegisters(into.keys, [registerOf(key)]);
  if (record.ipAddress !== '') mergeRegisters(into.addresses, [registerOf(record.ipAddress)]);
};

/** Adds one group to another. The order in which groups are added makes no difference. */
export const addMeasures = (into: Measures, from: Measures): void => {
  into.hits += from.hits;
  into.success += from.success;
  into.errors += from.errors;
  into.latencyCount += from.latencyCount;
  into.latencySum += from.latencySum;
  into.latencyMax = larger(into.latencyMax, from.latencyMax);
  into.latencyMin = smaller(into.latencyMin, from.latencyMin);
  into.upstreamSum += from.upstreamSum;
  into.upstreamMax = larger(into.upstreamMax, from.upstreamMax);
  into.upstreamMin = smaller(into.upstreamMin, from.upstreamMin);
  into.gatewaySum += from.gatewaySum;
  into.contentLength += from.contentLength;
  into.bytesIn += from.bytesIn;
  into.bytesOut += from.bytesOut;
  into.last = later(into.last, from.last);
  mergeSketch(into.codes, from.codes);
  mergeSketch(into.sketch, from.sketch);
  mergeRegisters(into.keys, from.keys);
  mergeRegisters(into.addresses, from.addresses);
};
