import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Min } from 'class-validator';
import { anyObject, dateTime, int32 } from '@castellan/dto';

class ActorDto {
  @ApiProperty({ enum: ['user', 'admin', 'system'] })
  readonly kind!: string;

  @ApiProperty({ description: 'Id of the user; empty for others' })
  readonly id!: string;

  @ApiProperty({ example: 'ada@acme.example' })
  readonly name!: string;
}

export class RevisionSummaryDto {
  @ApiProperty({ ...int32, description: 'The version that the resource had from this change on' })
  readonly revision!: number;

  @ApiProperty({ enum: ['create', 'update', 'delete', 'rollback', 'restore'] })
  readonly operation!: string;

  @ApiProperty({ type: ActorDto })
  readonly actor!: ActorDto;

  @ApiProperty({ ...dateTime })
  readonly at!: string;

  @ApiProperty({ description: 'From X-Change-Reason' })
  readonly reason!: string;

  @ApiProperty()
  readonly request_id!: string;

  @ApiProperty({ description: 'sha256 of the content; equal digests mean equal content' })
  readonly digest!: string;
}

export class RevisionListDto {
  @ApiProperty({ type: [RevisionSummaryDto] })
  readonly revisions!: readonly RevisionSummaryDto[];

  @ApiProperty({ ...int32 })
  readonly pages!: number;
}

export class DiffOperationDto {
  @ApiProperty({ enum: ['add', 'remove', 'replace'] })
  readonly op!: string;

  @ApiProperty({ example: '/api_definition/name', description: 'JSON pointer' })
  readonly path!: string;

  @ApiPropertyOptional({ description: 'The value after', type: Object })
  readonly value?: unknown;

  @ApiPropertyOptional({ description: 'The value before', type: Object })
  readonly before?: unknown;
}

export class RevisionDto extends RevisionSummaryDto {
  @ApiProperty({ ...anyObject, nullable: true, description: 'The resource as it was; null after a deletion' })
  readonly document!: unknown;

  @ApiProperty({
    type: [DiffOperationDto],
    nullable: true,
    description: 'What changed; null where it is not known any more',
  })
  readonly diff!: readonly DiffOperationDto[] | null;
}

export class RevisionDiffDto {
  @ApiProperty({ ...int32 })
  readonly revision!: number;

  @ApiProperty({ ...int32 })
  readonly against!: number;

  @ApiProperty({ type: [DiffOperationDto], description: 'What leads from `against` to `revision`' })
  readonly diff!: readonly DiffOperationDto[];
}

export class RollbackInput {
  @ApiProperty({ ...int32, example: 3, description: 'The revision to go back to' })
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  readonly revision!: number;
}

export class DeletedResourceDto extends RevisionSummaryDto {
  @ApiProperty({ description: 'The id to restore it by' })
  readonly id!: string;

  @ApiProperty({ description: 'Its name when it was deleted' })
  readonly name!: string;
}

export class DeletedListDto {
  @ApiProperty({ type: [DeletedResourceDto] })
  readonly deleted!: readonly DeletedResourceDto[];
}
