import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { anyObject, dateTime, FieldErrorDto, int32 } from '@castellan/dto';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { FINDINGS, type FindingKind } from './key-reconciler';
import { mostRemembered } from './key-own-values';
import { MOST_AT_ONCE } from './key-selection';

/** Thirty days: who needs longer has not noticed. */
const longestGrace = 2_592_000;
const usualGrace = 3_600;

export class KeyRotationDto {
  @ApiPropertyOptional({
    ...int32,
    description: 'Seconds that the old token is good yet; 0 ends it at once',
    default: usualGrace,
  })
  @IsOptional()
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must be at least 0' })
  @Max(longestGrace, { message: `must be at most ${longestGrace}` })
  readonly grace: number = usualGrace;

  @ApiPropertyOptional({ description: 'What the new key is to be called; a token is generated without it' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  readonly key?: string;

  @ApiPropertyOptional({
    description: 'Begin with a whole quota, instead of what is left of the old one',
    default: false,
  })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly reset_quota: boolean = false;
}

export class KeyPoliciesDto {
  @ApiPropertyOptional({ description: 'One policy; the same as a list of one', example: '5ead71205759610001818680' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  readonly policy?: string;

  @ApiPropertyOptional({ type: [String], description: 'The policies that the key is to follow, and no others' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name a policy' })
  @IsString({ each: true, message: 'must be texts' })
  readonly apply_policies?: string[];
}

export class NamedKeysDto {
  @ApiPropertyOptional({ type: [String], description: 'Keys by token, id or hash, in the place of a filter' })
  // Not for null, which may be what is left of keys that somebody meant to name.
  @ValidateIf((_, keys) => keys !== undefined)
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name a key' })
  @ArrayMaxSize(MOST_AT_ONCE, { message: `must have at most ${MOST_AT_ONCE} entries` })
  @IsString({ each: true, message: 'must be texts' })
  @MaxLength(8_192, { each: true, message: 'must have at most 8192 characters each' })
  readonly keys?: string[];
}

export class KeyChangeDto extends NamedKeysDto {
  @ApiProperty({ ...anyObject, description: 'The fields of the session that change', example: { rate: 20, per: 1 } })
  @IsObject({ message: 'must be an object' })
  readonly change!: object;

  @ApiPropertyOptional({ description: 'Let the quota of each changed key begin anew', default: false })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly reset_quota: boolean = false;
}

export class KeyResultDto {
  @ApiProperty({ description: 'The hash' })
  readonly key_id!: string;

  @ApiProperty({ enum: ['created', 'changed', 'unchanged', 'deleted', 'missing', 'refused', 'failed'] })
  readonly status!: string;

  @ApiPropertyOptional({ description: 'Why it was not done, or what gateways do with it all the same' })
  readonly message?: string;

  @ApiPropertyOptional({ type: [FieldErrorDto] })
  readonly errors?: readonly FieldErrorDto[];
}

export class KeyResultsDto {
  @ApiProperty({ enum: ['OK', 'Partial'], description: '`Partial` when something was not done' })
  readonly Status!: string;

  @ApiProperty({ ...int32, example: 1, description: 'How many keys there are of the kind that was asked for' })
  readonly total!: number;

  @ApiProperty({ description: 'Whether nothing was written' })
  readonly dry_run!: boolean;

  @ApiProperty({ type: [KeyResultDto] })
  readonly results!: readonly KeyResultDto[];
}

/** A key as it is moved. */
export class MovedKeyDto {
  @ApiProperty({ type: [String], description: 'Names in Redis, of the session first and then of its copies' })
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must have an entry' })
  @ArrayMaxSize(10, { message: 'must have at most 10 entries' })
  @ArrayUnique({ message: 'must not have an entry twice' })
  @IsString({ each: true, message: 'must be texts' })
  @MaxLength(512, { each: true, message: 'must have at most 512 characters each' })
  readonly names!: string[];

  @ApiPropertyOptional({ type: [String], description: 'What nodes call it' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(20, { message: 'must have at most 20 entries' })
  @IsString({ each: true, message: 'must be texts' })
  @MaxLength(512, { each: true, message: 'must have at most 512 characters each' })
  readonly announced: string[] = [];

  @ApiPropertyOptional({ description: 'Of a user with a password, the name' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(255, { message: 'must have at most 255 characters' })
  readonly username: string = '';

  @ApiProperty({ description: 'The session, as the text that it is' })
  @IsString({ message: 'must be text' })
  @MaxLength(1_000_000, { message: 'must have at most 1000000 characters' })
  readonly session!: string;

  @ApiPropertyOptional({
    description:
      'What of its tags, meta data and limits it says itself, as JSON text; without it, what none of its policies says',
  })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(mostRemembered, { message: `must have at most ${mostRemembered} characters` })
  readonly own?: string;
}

export class MovedKeysDto {
  @ApiProperty({ type: [MovedKeyDto] })
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(MOST_AT_ONCE, { message: `must have at most ${MOST_AT_ONCE} entries` })
  @ValidateNested({ each: true })
  @Type(() => MovedKeyDto)
  readonly keys!: MovedKeyDto[];
}

export class RepairDto {
  @ApiProperty({ enum: FINDINGS, isArray: true, description: 'What is to be put right', example: ['missing'] })
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name a finding' })
  @IsIn(FINDINGS, { each: true, message: `must be of ${FINDINGS.join(', ')}` })
  readonly repair!: FindingKind[];
}

export class FindingDto {
  @ApiProperty({ description: 'The hash' })
  readonly key_id!: string;

  @ApiProperty()
  readonly alias!: string;

  @ApiProperty({ enum: FINDINGS })
  readonly finding!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiPropertyOptional({ description: 'Of a copy, the key that it is a copy of' })
  readonly of?: string;

  @ApiProperty({ description: 'Whether this request has put it right' })
  readonly repaired!: boolean;
}

export class KeyScanDto {
  @ApiProperty(dateTime)
  readonly started_at!: string;

  @ApiProperty({ ...dateTime, nullable: true, description: 'Null while it is under way' })
  readonly finished_at!: string | null;

  @ApiProperty({ ...int32, example: 1, description: 'Sessions that it has met, of all organisations' })
  readonly seen!: number;

  @ApiProperty({ ...int32, example: 1, description: 'Of those, the ones that were not in the index' })
  readonly added!: number;

  @ApiProperty({ ...int32, example: 1, description: 'What lies under the names of keys and is no session' })
  readonly unreadable!: number;

  @ApiProperty({ ...int32, example: 1, description: 'Sessions of organisations that there are not' })
  readonly orphans!: number;
}

export class KeyReconciliationDto {
  @ApiProperty({ type: KeyScanDto, nullable: true, description: 'The last walk over all sessions in Redis' })
  readonly scan!: KeyScanDto | null;

  @ApiProperty({ ...int32, example: 1, description: 'Keys of the index that this piece has compared' })
  readonly looked_at!: number;

  @ApiProperty({ type: [FindingDto] })
  readonly findings!: readonly FindingDto[];
}

export class OrphanDto {
  @ApiProperty({ description: 'The hash' })
  readonly key_id!: string;

  @ApiProperty({ description: 'The organisation that its session names; empty for none' })
  readonly org_id!: string;

  @ApiProperty({ description: 'Whether this request has deleted it' })
  readonly repaired!: boolean;
}

export class OrphansDto {
  @ApiProperty({ type: KeyScanDto, nullable: true, description: 'The last walk over all sessions in Redis' })
  readonly scan!: KeyScanDto | null;

  @ApiProperty({ type: [OrphanDto], description: 'The first thousand; the next walk finds the others' })
  readonly orphans!: readonly OrphanDto[];
}
