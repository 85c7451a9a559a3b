import { noMeasures, type Measures } from '../measure/measures';

/** What the documents of tyk-pump's aggregates say of one value of a dimension. */
export interface AggregateCounter {
  readonly hits: number;
  readonly success: number;
  readonly errortotal: number;
  /** Mean over all hits, refusals by the gateway included, as tyk-pump has it. */
  readonly requesttime: number;
  readonly totalrequesttime: number;
  readonly identifier: string;
  readonly humanidentifier: string;
  readonly lasttime: Date;
  readonly openconnections: number;
  readonly closedconnections: number;
  readonly bytesin: number;
  readonly bytesout: number;
  readonly maxupstreamlatency: number;
  readonly minupstreamlatency?: number;
  readonly totalupstreamlatency: number;
  readonly upstreamlatency: number;
  readonly maxlatency: number;
  readonly minlatency?: number;
  readonly totallatency: number;
  readonly latency: number;
  /** Errors by code. */
  readonly errormap: Readonly<Record<string, number>>;
  readonly errorlist: readonly { readonly code: string; readonly count: number }[];
}

/** Pumps of older generations write fewer fields. */
export type FoundCounter = Partial<AggregateCounter> & Pick<AggregateCounter, 'hits'>;

export interface CounterName {
  readonly identifier: string;
  readonly label: string;
}

const least = (left: number | undefined, right: number | null): number | undefined =>
  left === undefined ? (right ?? undefined) : right === null ? left : Math.min(left, right);

/** The counter with what the measures say added. */
export const addToCounter = (
  before: FoundCounter | undefined,
  measures: Measures,
  { identifier, label }: CounterName,
): AggregateCounter => {
  const hits = (before?.hits ?? 0) + measures.hits;
  const totallatency = (before?.totallatency ?? 0) + measures.latencySum;
  const totalrequesttime = (before?.totalrequesttime ?? 0) + measures.latencySum;
  const totalupstreamlatency = (before?.totalupstreamlatency ?? 0) + measures.upstreamSum;
  const mean = (sum: number): number => (hits === 0 ? 0 : sum / hits);
  const errormap = { ...before?.errormap };
  for (const [code, count] of measures.codes) {
    if (code >= 400) errormap[code] = (errormap[code] ?? 0) + count;
  }
  const last = [before?.lasttime, measures.last].map((time) => time?.getTime() ?? 0);
  const minlatency = least(before?.minlatency, measures.latencyMin);
  const minupstreamlatency = least(before?.minupstreamlatency, measures.upstreamMin);
  return {
    hits,
    success: (before?.success ?? 0) + measures.success,
    errortotal: (before?.errortotal ?? 0) + measures.errors,
    requesttime: mean(totalrequesttime),
    totalrequesttime,
    identifier,
    humanidentifier: label === '' ? (before?.humanidentifier ?? '') : label,
    lasttime: new Date(Math.max(...last)),
    openconnections: before?.openconnections ?? 0,
    closedconnections: before?.closedconnections ?? 0,
    bytesin: (before?.bytesin ?? 0) + measures.bytesIn,
    bytesout: (before?.bytesout ?? 0) + measures.bytesOut,
    maxupstreamlatency: Math.max(before?.maxupstreamlatency ?? 0, measures.upstreamMax ?? 0),
    ...(minupstreamlatency === undefined ? {} : { minupstreamlatency }),
    totalupstreamlatency,
    upstreamlatency: mean(totalupstreamlatency),
    maxlatency: Math.max(before?.maxlatency ?? 0, measures.latencyMax ?? 0),
    ...(minlatency === undefined ? {} : { minlatency }),
    totallatency,
    latency: mean(totallatency),
    errormap,
    errorlist: Object.entries(errormap).map(([code, count]) => ({ code, count })),
  };
};

/** What a counter says, as measures. It knows neither percentiles nor different callers, and its means are over all hits. */
export const counterMeasures = (counter: FoundCounter): Measures => {
  const { hits, lasttime } = counter;
  const latencySum = counter.totallatency ?? counter.totalrequesttime ?? 0;
  const upstreamSum = counter.totalupstreamlatency ?? 0;
  return {
    ...noMeasures(),
    hits,
    success: counter.success ?? 0,
    errors: counter.errortotal ?? 0,
    latencyCount: hits,
    latencySum,
    latencyMax: counter.maxlatency ?? null,
    latencyMin: counter.minlatency ?? null,
    upstreamSum,
    gatewaySum: Math.max(latencySum - upstreamSum, 0),
    upstreamMax: counter.maxupstreamlatency ?? null,
    upstreamMin: counter.minupstreamlatency ?? null,
    bytesIn: counter.bytesin ?? 0,
    bytesOut: counter.bytesout ?? 0,
    last: lasttime ?? null,
    codes: new Map(Object.entries(counter.errormap ?? {}).map(([code, count]) => [Number(code), count])),
  };
};
