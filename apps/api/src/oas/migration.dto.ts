import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString } from 'class-validator';
import { FieldErrorDto, int32 } from '@castellan/dto';
import { skipReasons } from './migration';

const migrationModes = ['dryRun', 'stage', 'promote', 'direct'] as const;
export type MigrationMode = (typeof migrationModes)[number];

const mostApis = 10_000;

/** The body of `POST /api/apis/migrate` (docs/tyk/management.md#migration). */
export class MigrationInput {
  @ApiProperty({ enum: migrationModes })
  @IsIn(migrationModes, { message: `must be one of ${migrationModes.join(', ')}` })
  readonly mode!: MigrationMode;

  @ApiPropertyOptional({ type: [String], description: 'Database ids or api_ids' })
  @IsString({ each: true, message: 'must be a list of texts' })
  @ArrayMaxSize(mostApis, { message: `must hold at most ${mostApis} ids` })
  @IsArray({ message: 'must be a list of texts' })
  @IsOptional()
  readonly apiIDs?: readonly string[] | null;

  @ApiPropertyOptional({ description: 'Every classic API, instead of `apiIDs`' })
  @IsBoolean({ message: 'must be true or false' })
  @IsOptional()
  readonly all?: boolean | null;

  @ApiPropertyOptional({ description: 'Stop at the first API that cannot be migrated' })
  @IsBoolean({ message: 'must be true or false' })
  @IsOptional()
  readonly abortOnFailure?: boolean | null;

  @ApiPropertyOptional({ description: 'With mode stage: replace staged copies that exist' })
  @IsBoolean({ message: 'must be true or false' })
  @IsOptional()
  readonly overrideStaged?: boolean | null;
}

class StagedApiDto {
  @ApiProperty()
  readonly classicAPIID!: string;

  @ApiProperty()
  readonly oasAPIID!: string;
}

class MigratedDefinitionDto {
  @ApiProperty()
  readonly apiID!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly baseAPI!: object;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  readonly versions!: readonly object[];
}

class MigrationReportDto {
  @ApiProperty()
  readonly apiID!: string;

  @ApiProperty({ type: [FieldErrorDto], description: 'Values that the document does not carry' })
  readonly report!: readonly FieldErrorDto[];
}

class MigrationSuccessDto {
  @ApiProperty({ ...int32 })
  readonly count!: number;

  @ApiProperty({ type: [String] })
  readonly apiIDs!: readonly string[];

  @ApiProperty({ type: [StagedApiDto] })
  readonly stagedAPIs!: readonly StagedApiDto[];

  @ApiProperty({ type: [MigratedDefinitionDto], description: 'Of a dry run' })
  readonly definitions!: readonly MigratedDefinitionDto[];

  @ApiProperty({ type: [MigrationReportDto], description: 'Of each API that has values without a counterpart' })
  readonly reports!: readonly MigrationReportDto[];
}

class MigrationErrorDto {
  @ApiProperty()
  readonly apiID!: string;

  @ApiProperty({ type: [String] })
  readonly message!: readonly string[];
}

class MigrationFailureDto {
  @ApiProperty({ ...int32 })
  readonly count!: number;

  @ApiProperty({ type: [MigrationErrorDto] })
  readonly errors!: readonly MigrationErrorDto[];
}

class SkippedApiDto {
  @ApiProperty()
  readonly apiID!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiProperty({ enum: Object.keys(skipReasons) })
  readonly key!: string;
}

class MigrationSkippedDto {
  @ApiProperty({ ...int32 })
  readonly count!: number;

  @ApiProperty({ type: [SkippedApiDto] })
  readonly apis!: readonly SkippedApiDto[];
}

/** The reply of `POST /api/apis/migrate` (docs/tyk/management.md#migration); `reports` is Castellan's. */
export class MigrationReply {
  @ApiProperty({ type: MigrationSuccessDto })
  readonly success!: MigrationSuccessDto;

  @ApiProperty({ type: MigrationFailureDto })
  readonly failure!: MigrationFailureDto;

  @ApiProperty({ type: MigrationSkippedDto })
  readonly skipped!: MigrationSkippedDto;

  @ApiProperty()
  readonly abortedOnFailure!: boolean;
}
