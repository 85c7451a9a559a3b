import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsMongoId, IsOptional } from 'class-validator';
import { int32 } from '@castellan/dto';
import { RevisionSummaryDto } from '../history/revision.dto';

const mostEntries = 1_000;

/** Go programs write null for an empty list. */
export class AccessDto {
  @ApiPropertyOptional({ type: [String], nullable: true, description: 'Users who own it' })
  @IsMongoId({ each: true, message: 'must be a list of ids' })
  @ArrayMaxSize(mostEntries, { message: `must hold at most ${mostEntries} ids` })
  @IsArray({ message: 'must be a list of ids' })
  @IsOptional()
  readonly userIds?: readonly string[] | null;

  @ApiPropertyOptional({ type: [String], nullable: true, description: 'User groups that own it' })
  @IsMongoId({ each: true, message: 'must be a list of ids' })
  @ArrayMaxSize(mostEntries, { message: `must hold at most ${mostEntries} ids` })
  @IsArray({ message: 'must be a list of ids' })
  @IsOptional()
  readonly userGroupIds?: readonly string[] | null;
}

export class AccessRevisionDto extends RevisionSummaryDto {
  @ApiProperty({ type: AccessDto, description: 'Who owned it until then' })
  readonly before!: AccessDto;

  @ApiProperty({ type: AccessDto, description: 'Who has owned it from then on' })
  readonly after!: AccessDto;
}

export class AccessRevisionListDto {
  @ApiProperty({ type: [AccessRevisionDto] })
  readonly revisions!: readonly AccessRevisionDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}
