import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { z } from 'zod';
import { isZone } from '@castellan/analytics';
import { int32, ValidationFailed } from '@castellan/dto';
import { lastYear } from './range';

const dimensionNames = ['api', 'version', 'key', 'path', 'code', 'oauth', 'tag', 'country'] as const;
const metricNames = [
  ...([
    'hits',
    'success',
    'errors',
    'latency_mean',
    'latency_max',
    'latency_p50',
    'latency_p95',
    'latency_p99',
  ] as const),
  ...([
    'upstream_latency_mean',
    'upstream_latency_max',
    'gateway_latency_mean',
    'bytes_in',
    'bytes_out',
    'content_length',
  ] as const),
  ...(['unique_keys', 'unique_ips'] as const),
] as const;
export type MetricName = (typeof metricNames)[number];

const latest = Date.UTC(lastYear + 1, 0, 1);

const instant = z.iso
  .datetime({ offset: true, error: 'must be a time as RFC 3339 writes it' })
  .refine((text) => !(Date.parse(text) < 0), 'must not be before 1970')
  .refine((text) => !(Date.parse(text) > latest), `must not be after the year ${lastYear}`);
const values = z.array(z.string().max(1_000)).min(1).max(100);

const query = z
  .strictObject({
    from: instant,
    to: instant,
    interval: z.enum(['minute', 'hour', 'day', 'week', 'month', 'none']).default('none'),
    tz: z.string().max(64).refine(isZone, 'must be the name of a time zone, such as Europe/Berlin').default('UTC'),
    groupBy: z.array(z.enum(dimensionNames)).max(4).default([]),
    metrics: z.array(z.enum(metricNames)).min(1).max(metricNames.length).default(['hits']),
    filters: z
      .strictObject({
        api: values,
        version: values,
        key: values,
        path: values,
        oauth: values,
        tag: values,
        country: values,
        code: z.array(z.int().min(0).max(999)).min(1).max(100),
        errors: z.boolean(),
      })
      .partial()
      .default({}),
    top: z.int().min(1).max(10_000).default(1_000),
    order: z.enum(['asc', 'desc']).default('desc'),
  })
  .refine(({ from, to }) => !(Date.parse(from) >= Date.parse(to)), { path: ['from'], message: 'must be before to' });

export type QueryAsked = z.output<typeof query>;

/** @throws ValidationFailed with each field that is wrong */
export const readQuery = (body: unknown): QueryAsked => {
  const parsed = query.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ValidationFailed(
    parsed.error.issues.map((issue) => ({
      path: [...issue.path.map(String), ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.'),
      message: issue.message,
    })),
  );
};

const list = (description: string) => ({ type: String, isArray: true as const, description });

class QueryFiltersDto {
  @ApiPropertyOptional(list('`api_id`s; of a list one has to fit')) readonly api?: readonly string[];
  @ApiPropertyOptional(list('Versions')) readonly version?: readonly string[];
  @ApiPropertyOptional(list('Hashes of keys; `00000000` for requests without one')) readonly key?: readonly string[];
  @ApiPropertyOptional(list('Paths')) readonly path?: readonly string[];
  @ApiPropertyOptional(list('OAuth clients')) readonly oauth?: readonly string[];
  @ApiPropertyOptional(list('Tags')) readonly tag?: readonly string[];
  @ApiPropertyOptional(list('Countries')) readonly country?: readonly string[];
  @ApiPropertyOptional({ type: 'array', items: { ...int32 }, description: 'Response codes' })
  readonly code?: readonly number[];
  @ApiPropertyOptional({ description: 'Only what was answered 400 or above' }) readonly errors?: boolean;
}

export class QueryBodyDto {
  @ApiProperty({ example: '2026-11-01T00:00:00Z', description: 'First instant' })
  readonly from!: string;

  @ApiProperty({ example: '2026-12-01T00:00:00Z', description: 'The instant after the last' })
  readonly to!: string;

  @ApiPropertyOptional({
    enum: ['minute', 'hour', 'day', 'week', 'month', 'none'],
    default: 'none',
    description: 'Length of a row; weeks begin on Mondays',
  })
  readonly interval?: string;

  @ApiPropertyOptional({ example: 'Europe/Berlin', default: 'UTC', description: 'Zone in which days begin' })
  readonly tz?: string;

  @ApiPropertyOptional({ enum: dimensionNames, isArray: true, description: 'A row for each value; up to four' })
  readonly groupBy?: readonly string[];

  @ApiPropertyOptional({
    enum: metricNames,
    isArray: true,
    description: '`hits` when left out; rows are sorted by the first',
  })
  readonly metrics?: readonly string[];

  @ApiPropertyOptional({ type: QueryFiltersDto })
  readonly filters?: QueryFiltersDto;

  @ApiPropertyOptional({
    ...int32,
    default: 1000,
    minimum: 1,
    maximum: 10000,
    description: 'Groups that are given, at most',
  })
  readonly top?: number;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  readonly order?: string;
}

export class QueryReplyDto {
  @ApiProperty({ enum: ['aggregates', 'records'], description: 'Where the figures come from' })
  readonly source!: string;

  @ApiProperty({ description: 'Whether there were more groups than `top`' })
  readonly truncated!: boolean;

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      '`begins` (null without an interval) with `ended`, whether nothing that happens from now on belongs to the row; the dimensions of `groupBy` with `label`; and the metrics; means and percentiles of nothing are null',
  })
  readonly data!: readonly Readonly<Record<string, unknown>>[];
}

/** A question that a fresh installation answers, with nothing in it. */
export const queryExample = {
  from: '2026-11-01T00:00:00Z',
  to: '2026-12-01T00:00:00Z',
  interval: 'day',
  groupBy: ['api'],
  metrics: ['hits', 'errors', 'latency_p95'],
};
