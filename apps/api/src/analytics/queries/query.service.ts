import { Injectable } from '@nestjs/common';
import { noMeasures, percentiles, uniqueCount, ZoneClock, type Bucket, type Measures } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import type { SpanContext } from '../../http/request-context';
import type { MetricName, QueryAsked, QueryReplyDto } from './query.body';
import { refuseTooMany, seriesOf } from './range';
import type { DimensionName } from './question';
import type { Cell } from './cells';
import { AnalyticsReader } from './reader';
import { AnalyticsRights, type Scope } from './rights';

/** Answers the one question that the others are cases of. */
@Injectable()
export class QueryService {
  constructor(
    private readonly reader: AnalyticsReader,
    private readonly rights: AnalyticsRights,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationFailed, Forbidden */
  async answer(context: SpanContext, asked: QueryAsked): Promise<QueryReplyDto> {
    const [from, until] = [new Date(asked.from), new Date(asked.to)];
    const buckets = bucketsIn(asked, from, until);
    const { errors: errorsOnly = false, ...filters } = asked.filters;
    const callers = asked.metrics.some((metric) => metric.startsWith('unique_'));
    const asksForPercentiles = asked.metrics.some((metric) => metric.startsWith('latency_p'));
    const given = Object.entries(filters).filter(([, values]) => values !== undefined);
    const { source, cells } = await this.reader.ask(context.organisation, {
      from,
      until,
      edges: buckets.slice(1).map(({ start }) => start),
      scope: await this.scope(context, filters.api),
      filters: Object.fromEntries(given),
      groupBy: asked.groupBy,
      callers,
      percentiles: asksForPercentiles,
      errorsOnly,
    });
    const groups = groupsOf(cells, asked);
    const shown = groups.slice(0, asked.top);
    const now = this.clock.now();
    const stretches =
      asked.interval === 'none'
        ? [{ at: from, begins: null, ended: until <= now }]
        : buckets.map(({ start, end }) => ({ at: start, begins: start.toISOString(), ended: end <= now }));
    refuseTooMany(shown.length * stretches.length);
    return {
      source,
      truncated: groups.length > shown.length,
      data: shown.flatMap((group) =>
        stretches.map(({ at, ...stretch }) => ({ ...stretch, ...rowOf(group, at, asked) })),
      ),
    };
  }

  /** Every API that is asked for by name has to be one that the user may see. */
  private async scope(context: SpanContext, apis: readonly string[] | undefined): Promise<Scope> {
    if (apis === undefined) return this.rights.scope(context);
    const scopes = await Promise.all(apis.map((api) => this.rights.scope(context, api)));
    return scopes.flatMap((scope) => scope ?? []);
  }
}

/** The buckets of the days in question, cut to the range. */
const bucketsIn = ({ interval, tz }: QueryAsked, from: Date, until: Date): readonly Bucket[] => {
  if (interval === 'none') return [];
  const clock = new ZoneClock(tz);
  const days = { first: clock.show(from), last: clock.show(new Date(until.getTime() - 1)) };
  return seriesOf(days, interval, clock, 'interval')
    .filter(({ start, end }) => end > from && start < until)
    .map((bucket, index) => (index === 0 && bucket.start < from ? { ...bucket, start: from } : bucket));
};

interface Group {
  readonly names: Readonly<Record<string, unknown>>;
  readonly cells: ReadonlyMap<number, Measures>;
  readonly total: number;
}

const groupsOf = (cells: readonly Cell[], { groupBy, metrics: asked, order }: QueryAsked): readonly Group[] => {
  const groups = new Map<string, { label: string; names: Record<string, unknown>; cells: Map<number, Measures> }>();
  if (groupBy.length === 0) groups.set('[]', { label: '', names: {}, cells: new Map() });
  for (const { dimensions, at, label, measures } of cells) {
    const name = JSON.stringify(groupBy.map((one) => dimensions[one]));
    const group = groups.get(name) ?? { label: '', names: namesOf(groupBy, dimensions), cells: new Map() };
    group.cells.set(at.getTime(), measures);
    if (label !== '') group.label = label;
    groups.set(name, group);
  }
  const [first = 'hits'] = asked;
  const direction = order === 'asc' ? 1 : -1;
  return [...groups]
    .map(([name, { label, names, cells: own }]) => {
      const total = [...own.values()].reduce((sum, measures) => sum + (metricOf(first, measures) ?? 0), 0);
      return { name, group: { names: groupBy.length === 0 ? {} : { ...names, label }, cells: own, total } };
    })
    .sort((left, right) => direction * (left.group.total - right.group.total) || (left.name < right.name ? -1 : 1))
    .map(({ group }) => group);
};

const namesOf = (groupBy: readonly DimensionName[], dimensions: Cell['dimensions']): Record<string, unknown> =>
  Object.fromEntries(groupBy.map((name) => [name, dimensions[name]]));

const rowOf = (
  { names, cells }: Group,
  at: Date,
  { metrics: asked }: QueryAsked,
): Readonly<Record<string, unknown>> => {
  const measures = cells.get(at.getTime()) ?? noMeasures();
  return { ...names, ...Object.fromEntries(asked.map((name) => [name, metricOf(name, measures)])) };
};

const mean = (sum: number, { latencyCount }: Measures): number | null =>
  latencyCount === 0 ? null : sum / latencyCount;

const percentile = (share: number, { sketch, latencyMin: min, latencyMax: max }: Measures): number | null =>
  percentiles(sketch, [share], { min, max })[0] ?? null;

const metrics: Readonly<Record<MetricName, (measures: Measures) => number | null>> = {
  hits: ({ hits }) => hits,
  success: ({ success }) => success,
  errors: ({ errors }) => errors,
  latency_mean: (measures) => mean(measures.latencySum, measures),
  latency_max: ({ latencyMax }) => latencyMax,
  latency_p50: (measures) => percentile(0.5, measures),
  latency_p95: (measures) => percentile(0.95, measures),
  latency_p99: (measures) => percentile(0.99, measures),
  upstream_latency_mean: (measures) => mean(measures.upstreamSum, measures),
  upstream_latency_max: ({ upstreamMax }) => upstreamMax,
  gateway_latency_mean: (measures) => mean(measures.gatewaySum, measures),
  bytes_in: ({ bytesIn }) => bytesIn,
  bytes_out: ({ bytesOut }) => bytesOut,
  content_length: ({ contentLength }) => contentLength,
  unique_keys: ({ keys }) => uniqueCount(keys),
  unique_ips: ({ addresses }) => uniqueCount(addresses),
};

const metricOf = (name: MetricName, measures: Measures): number | null => metrics[name](measures);
