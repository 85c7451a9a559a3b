import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { noMeasures, ZoneClock, type Measures } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { csvLine } from '../../audit/csv';
import type { SpanContext } from '../../http/request-context';
import type { Cell } from './cells';
import { figureOf, type FigureDto, type FigureListDto } from './figure.dto';
import type { FiguresAsked } from './figures.query';
import { daysOf, refuseTooMany, seriesOf, wholeOf, type RangeParams } from './range';
import type { DimensionName, Filters } from './question';
import { AnalyticsReader } from './reader';
import { AnalyticsRights } from './rights';

/** What a route asks for, beside what its query narrows it to. */
export interface FiguresWanted {
  readonly filters?: Filters;
  readonly errorsOnly?: boolean;
}

const columns = [
  ...(['begins', 'year', 'month', 'day', 'hour', 'api_id', 'api_name', 'api_version', 'key', 'alias', 'path'] as const),
  ...(['code', 'iso_country', 'oauth_id', 'tag'] as const),
] as const;
const figureColumns = [
  ...(['hits', 'success', 'error', 'last_hit', 'request_time', 'latency', 'upstream_latency', 'max_latency'] as const),
  ...(['min_latency', 'max_upstream_latency', 'min_upstream_latency', 'p50', 'p95', 'p99'] as const),
] as const;

/** Rows of figures in the shape that Tyk's clients read. */
@Injectable()
export class FiguresService {
  constructor(
    private readonly reader: AnalyticsReader,
    private readonly rights: AnalyticsRights,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** A row for each stretch of time, with zeros where nothing was. @throws ValidationFailed, Forbidden */
  async series(
    context: SpanContext,
    params: RangeParams,
    query: FiguresAsked,
    { filters = {}, errorsOnly = false }: FiguresWanted = {},
  ): Promise<FigureListDto> {
    const clock = new ZoneClock(query.tz);
    const buckets = seriesOf(daysOf(params), query.res ?? 'day', clock);
    const first = buckets[0]?.start ?? new Date(0);
    const { cells } = await this.reader.ask(context.organisation, {
      from: first,
      until: buckets.at(-1)?.end ?? first,
      edges: buckets.slice(1).map(({ start }) => start),
      scope: await this.rights.scope(context, query.api_id ?? filters.api?.[0]),
      filters: { ...filtersOf(query), ...filters },
      groupBy: [],
      errorsOnly,
    });
    const found = new Map(cells.map((cell) => [cell.at.getTime(), cell.measures]));
    const data = buckets.map((bucket) => figureOf(bucket, {}, '', found.get(bucket.start.getTime()) ?? noMeasures()));
    return { data, pages: 0 };
  }

  /** A row for each value of the dimensions, over the whole time, as many as are asked for. @throws ValidationFailed, Forbidden */
  async list(
    context: SpanContext,
    params: RangeParams,
    query: FiguresAsked,
    groupBy: readonly DimensionName[],
    { filters = {}, errorsOnly = false }: FiguresWanted = {},
  ): Promise<FigureListDto> {
    const { from, until } = wholeOf(daysOf(params), new ZoneClock(query.tz));
    const { cells } = await this.reader.ask(context.organisation, {
      from,
      until,
      edges: [],
      scope: await this.rights.scope(context, query.api_id ?? filters.api?.[0]),
      filters: { ...filtersOf(query), ...filters },
      groupBy,
      errorsOnly,
    });
    const { pageSize } = this.config;
    const { p: page } = query;
    refuseTooMany(page === null ? cells.length : 0);
    const all = sorted(cells, query);
    const shown = page === null ? all : all.slice((page - 1) * pageSize, page * pageSize);
    return {
      data: shown.map(({ dimensions, label, measures }) => figureOf(null, dimensions, label, measures)),
      pages: page === null ? 0 : Math.ceil(all.length / pageSize),
    };
  }

  /** Sends the rows as they are asked for: as JSON or CSV. */
  send(reply: FastifyReply, figures: FigureListDto, { type }: FiguresAsked): void {
    if (type === 'csv' || (type === undefined && wantsCsv(reply))) {
      void reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="analytics.csv"')
        .send([csvLine([...columns, ...figureColumns]), ...figures.data.map(csvOf)].join(''));
      return;
    }
    void reply.send(figures);
  }
}

const csvOf = (row: FigureDto): string =>
  csvLine([...columns.map((column) => row.id[column]), ...figureColumns.map((column) => row[column])]);

const wantsCsv = (reply: FastifyReply): boolean => (reply.request.headers.accept ?? '').includes('text/csv');

const filtersOf = ({ api_version: version, tags }: FiguresAsked): Filters => ({
  ...(version === undefined ? {} : { version: [version] }),
  ...(tags.length === 0 ? {} : { tag: tags }),
});

const measureOf: Readonly<Record<NonNullable<FiguresAsked['by']>, (measures: Measures) => number>> = {
  Hits: ({ hits }) => hits,
  Success: ({ success }) => success,
  Error: ({ errors }) => errors,
  Latency: ({ latencyCount, latencySum }) => (latencyCount === 0 ? 0 : latencySum / latencyCount),
};

/** The most first, and by name where there is as much of both, so that pages do not overlap. */
const sorted = (cells: readonly Cell[], { by, sort }: FiguresAsked): readonly Cell[] => {
  const measure = measureOf[by ?? 'Hits'];
  const direction = sort === '1' ? 1 : -1;
  return cells
    .map((cell) => ({ cell, value: measure(cell.measures), name: JSON.stringify(cell.dimensions) }))
    .sort((left, right) => direction * (left.value - right.value) || (left.name < right.name ? -1 : 1))
    .map(({ cell }) => cell);
};
