import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsNotEmpty, IsObject, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';

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
}

/**
 * An organisation as it is sent (docs/tyk/management.md#organisations). Fields that are not named here are kept too.
 */
export class OrganisationInput {
  @ApiProperty({ example: 'Acme' })
  @IsString({ message: 'must be text' })
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly owner_name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'acme' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  readonly owner_slug?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'api.acme.example' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  readonly cname?: string | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly cname_enabled?: boolean | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly hybrid_enabled?: boolean | null;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly event_options?: object | null;

  @ApiPropertyOptional({ type: OrganisationSettingsDto })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => OrganisationSettingsDto)
  readonly settings?: OrganisationSettingsDto | null;
}

export class OrganisationApiDto {
  @ApiProperty({ example: 'Payments' })
  readonly api_human_name!: string;

  @ApiProperty({ example: '39d2c98b7f5b4f1a6b3c2d1e0f9a8b7c' })
  readonly api_id!: string;
}

export class OrganisationDto extends OrganisationInput {
  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly id!: string;

  @ApiProperty({ type: [OrganisationApiDto], description: 'The APIs that the organisation has now' })
  readonly apis!: readonly OrganisationApiDto[];
}

export class OrganisationListDto {
  @ApiProperty({ type: [OrganisationDto] })
  readonly organisations!: readonly OrganisationDto[];

  @ApiProperty({ example: 1 })
  readonly pages!: number;
}
