import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { int32, KeepsUnknownFields } from '@castellan/dto';

const Texts = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: [String], description }),
    IsOptional(),
    IsArray({ message: 'must be a list' }),
    ArrayMaxSize(1_000, { message: 'must have at most 1000 entries' }),
    Length(1, 1_000, { each: true, message: 'must be texts of 1 to 1000 characters' }),
  );

/** Requests of which nothing is kept, neither a record nor a place in the sums. */
export class LeftOutOfAnalyticsDto {
  @Texts('`api_id`s')
  readonly api_ids?: readonly string[];

  @Texts('Hashes of keys, as the log shows them')
  readonly key_hashes?: readonly string[];

  @Texts('Beginnings of paths, such as `/health`')
  readonly paths?: readonly string[];
}

/** What an organisation wants kept of the requests to its APIs. It takes effect within seconds, for what comes from then on. */
export class AnalyticsSettingsDto {
  @ApiPropertyOptional({
    enum: ['keep', 'truncate', 'drop'],
    description: 'Addresses of callers: `truncate` keeps the network, /24 of IPv4 and /48 of IPv6',
  })
  @IsOptional()
  @IsIn(['keep', 'truncate', 'drop'], { message: 'must be keep, truncate or drop' })
  readonly addresses?: string;

  @ApiPropertyOptional({ description: 'Leave query strings out of paths and recorded requests' })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly drop_query?: boolean;

  @ApiPropertyOptional({
    type: [String],
    description: 'Headers whose values are left out of recorded messages, besides those that carry credentials',
  })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(100, { message: 'must have at most 100 entries' })
  @Matches(/^[\w!#$%&'*+.^`|~-]{1,100}$/, { each: true, message: 'must be names of headers' })
  readonly redact_headers?: readonly string[];

  @ApiPropertyOptional({ description: 'Leave out requests and responses of detailed recording altogether' })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly drop_messages?: boolean;

  @ApiPropertyOptional({ type: LeftOutOfAnalyticsDto })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => LeftOutOfAnalyticsDto)
  readonly leave_out?: LeftOutOfAnalyticsDto;

  @ApiPropertyOptional({
    ...int32,
    description: 'Days that records are kept; without it they are kept as long as the gateway says',
  })
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(36_500, { message: 'must be at most 36500' })
  readonly retention_days?: number;
}

/** What Castellan adds to an organisation; each is off unless it is set. */
export class OrganisationSettingsDto {
  @ApiPropertyOptional({ description: 'Refuse writes without If-Match (428)' })
  @IsOptional()
  @IsBoolean()
  readonly require_if_match?: boolean;

  @ApiPropertyOptional({ description: 'Let two APIs have the same slug; tyk-sync needs it' })
  @IsOptional()
  @IsBoolean()
  readonly allow_duplicate_slugs?: boolean;

  @ApiPropertyOptional({ description: 'Let two active APIs have the same listen path and domain' })
  @IsOptional()
  @IsBoolean()
  readonly allow_duplicate_listen_paths?: boolean;

  @ApiPropertyOptional({
    description: 'Take policies that name APIs which do not exist yet; tyk-sync 1.2 and later need it',
  })
  @IsOptional()
  @IsBoolean()
  readonly allow_unknown_apis_in_policies?: boolean;

  @ApiPropertyOptional({
    description: 'Let owners restrict who sees and changes APIs and policies; administrators see all of them',
  })
  @IsOptional()
  @IsBoolean()
  readonly enable_ownership?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'integer', format: 'int32', minimum: 0 },
    example: { apis: 100, users: 25, keys: 10_000 },
    description: 'How many of each the organisation may have; what is there already stays',
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly quotas?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({ type: AnalyticsSettingsDto })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => AnalyticsSettingsDto)
  readonly analytics?: AnalyticsSettingsDto;
}

/**
 * An organisation as it is sent (docs/tyk/management.md#organisations). Fields that are not named here are kept too.
 */
@KeepsUnknownFields()
export class OrganisationInput {
  @ApiProperty({ example: 'Acme' })
  @IsString({ message: 'must be text' })
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly owner_name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'acme' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(256, { message: 'must have at most 256 characters' })
  readonly owner_slug?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'api.acme.example' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(256, { message: 'must have at most 256 characters' })
  readonly cname?: string | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly cname_enabled?: boolean | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly hybrid_enabled?: boolean | null;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, nullable: true })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly event_options?: object | null;

  @ApiPropertyOptional({ type: OrganisationSettingsDto, nullable: true })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => OrganisationSettingsDto)
  readonly settings?: OrganisationSettingsDto | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Limits of the organisation as a whole, as fields of a session; without it they stay as they are',
    example: { quota_max: 100_000, quota_renewal_rate: 86_400 },
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly org_session?: object | null;
}

export class OrganisationApiDto {
  @ApiProperty({ example: 'Payments' })
  readonly api_human_name!: string;

  @ApiProperty({ example: '39d2c98b7f5b4f1a6b3c2d1e0f9a8b7c' })
  readonly api_id!: string;
}

@KeepsUnknownFields()
export class OrganisationDto extends OrganisationInput {
  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly id!: string;

  @ApiProperty({ type: [OrganisationApiDto], description: 'The APIs that the organisation has now' })
  readonly apis!: readonly OrganisationApiDto[];
}

export class OrganisationListDto {
  @ApiProperty({ type: [OrganisationDto] })
  readonly organisations!: readonly OrganisationDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}
