import { ApiProperty } from '@nestjs/swagger';
import { int32, int64 } from '@castellan/dto';
import { percentiles, type Bucket, type Dimensions, type Measures } from '@castellan/analytics';

export class FigureIdDto {
  @ApiProperty({ ...int32, example: 6, description: 'Day of the month in the zone that was asked for; 0 in lists' })
  readonly day!: number;

  @ApiProperty({ ...int32, example: 12, description: 'From 1; 0 in lists' })
  readonly month!: number;

  @ApiProperty({ ...int32, example: 2026 })
  readonly year!: number;

  @ApiProperty({ ...int32, example: 0 })
  readonly hour!: number;

  @ApiProperty({ ...int32, example: 200, description: 'Response code, where rows are of one; else 0' })
  readonly code!: number;

  @ApiProperty({ example: '', description: 'Path below the listen path, where rows are of one' })
  readonly path!: string;

  @ApiProperty({
    example: '',
    description: 'Hash of the key, where rows are of one; `00000000` for requests without one',
  })
  readonly key!: string;

  @ApiProperty({ example: '', description: 'Last known alias of the key' })
  readonly alias!: string;

  @ApiProperty({ example: '', description: 'The same as `path`' })
  readonly url!: string;

  @ApiProperty({ example: '', description: 'Country, where rows are of one' })
  readonly iso_country!: string;

  @ApiProperty({ example: '' })
  readonly api_id!: string;

  @ApiProperty({ example: '', description: 'Last known name of the API' })
  readonly api_name!: string;

  @ApiProperty({ example: '', description: 'Version, where rows are of one' })
  readonly api_version!: string;

  @ApiProperty({ example: '', description: 'OAuth client, where rows are of one' })
  readonly oauth_id!: string;

  @ApiProperty({ example: '', description: 'Tag, where rows are of one' })
  readonly tag!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '2026-12-05T23:00:00.000Z',
    description: 'Instant at which the row begins; null in lists',
  })
  readonly begins!: string | null;
}

/** Latencies are milliseconds and leave out refusals by the gateway itself; averages of nothing are 0, percentiles null. */
export class FigureDto {
  @ApiProperty({ type: FigureIdDto })
  readonly id!: FigureIdDto;

  @ApiProperty({ ...int64, example: 13 })
  readonly hits!: number;

  @ApiProperty({ ...int64, example: 10, description: 'Answered 2xx' })
  readonly success!: number;

  @ApiProperty({ ...int64, example: 3, description: 'Answered 400 or above' })
  readonly error!: number;

  @ApiProperty({ example: '2026-12-06T12:31:02.000Z', description: '0001-01-01T00:00:00Z when there was none' })
  readonly last_hit!: string;

  @ApiProperty({ example: 17.5, description: 'Mean' })
  readonly request_time!: number;

  @ApiProperty({ example: 17.5, description: 'Mean' })
  readonly latency!: number;

  @ApiProperty({ example: 12.1, description: 'Mean' })
  readonly upstream_latency!: number;

  @ApiProperty()
  readonly max_latency!: number;

  @ApiProperty()
  readonly min_latency!: number;

  @ApiProperty()
  readonly max_upstream_latency!: number;

  @ApiProperty()
  readonly min_upstream_latency!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Percentiles, within 1 %' })
  readonly p50!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  readonly p95!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  readonly p99!: number | null;
}

export class FigureListDto {
  @ApiProperty({ type: [FigureDto] })
  readonly data!: readonly FigureDto[];

  @ApiProperty({ ...int32, example: 0, description: 'Pages of a list; 0 when all of it is given' })
  readonly pages!: number;
}

/** What Tyk says when there was no hit: the zero time of Go. */
const never = '0001-01-01T00:00:00Z';

export const figureOf = (
  bucket: Bucket | null,
  dimensions: Dimensions,
  label: string,
  measures: Measures,
): FigureDto => {
  const { hits, success, errors, latencyCount, latencyMax, latencyMin, upstreamMax, upstreamMin, last } = measures;
  const mean = (sum: number): number => (latencyCount === 0 ? 0 : sum / latencyCount);
  const [p50 = null, p95 = null, p99 = null] = percentiles(measures.sketch, [0.5, 0.95, 0.99], {
    min: latencyMin,
    max: latencyMax,
  });
  const { path = '', key = '' } = dimensions;
  return {
    id: {
      day: bucket?.day ?? 0,
      month: bucket?.month ?? 0,
      year: bucket?.year ?? 0,
      hour: bucket?.hour ?? 0,
      code: dimensions.code ?? 0,
      path,
      key,
      alias: key === '' ? '' : label,
      url: path,
      iso_country: dimensions.country ?? '',
      api_id: dimensions.api ?? '',
      api_name: key === '' && dimensions.api !== undefined ? label : '',
      api_version: dimensions.version ?? '',
      oauth_id: dimensions.oauth ?? '',
      tag: dimensions.tag ?? '',
      begins: bucket?.start.toISOString() ?? null,
    },
    hits,
    success,
    error: errors,
    last_hit: last?.toISOString() ?? never,
    request_time: mean(measures.latencySum),
    latency: mean(measures.latencySum),
    upstream_latency: mean(measures.upstreamSum),
    max_latency: latencyMax ?? 0,
    min_latency: latencyMin ?? 0,
    max_upstream_latency: upstreamMax ?? 0,
    min_upstream_latency: upstreamMin ?? 0,
    p50,
    p95,
    p99,
  };
};
