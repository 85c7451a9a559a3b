import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { dateTime, FieldErrorDto, int32 } from '@castellan/dto';
import { documentKinds } from '@castellan/persistence';
import { DiffOperationDto } from '../../history/revision.dto';

class DocumentHeadDto {
  @ApiProperty({ ...int32, example: 1, description: 'Which form of the document this is' })
  readonly format!: number;

  @ApiPropertyOptional({ type: [String], description: 'Of the subset that was exported' })
  readonly tags?: readonly string[];

  @ApiPropertyOptional({ description: 'Of the subset that was exported' })
  readonly category?: string;
}

/** A configuration as it is exported and imported; a section that is left out is left alone. */
export class ConfigurationDto {
  @ApiPropertyOptional({ type: DocumentHeadDto })
  readonly castellan?: DocumentHeadDto;

  readonly [section: string]: unknown;
}

for (const { documents } of documentKinds()) {
  ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: documents.description,
  })(ConfigurationDto.prototype, documents.section);
}

class ImportCountsDto {
  @ApiProperty({ ...int32 })
  readonly create!: number;

  @ApiProperty({ ...int32 })
  readonly update!: number;

  @ApiProperty({ ...int32 })
  readonly delete!: number;

  @ApiProperty({ ...int32 })
  readonly unchanged!: number;
}

class ImportedResourceDto {
  @ApiProperty({ enum: documentKinds().map(({ name }) => name) })
  readonly kind!: string;

  @ApiProperty({ description: 'Database id' })
  readonly id!: string;

  @ApiProperty({ description: 'The id by which others refer to it: `api_id`, a policy’s explicit id' })
  readonly key!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ enum: ['create', 'update', 'delete', 'unchanged'] })
  readonly action!: string;

  @ApiProperty({ type: String, nullable: true, example: 'apis[3]', description: 'Null when it is not in the document' })
  readonly path!: string | null;

  @ApiProperty({ type: [DiffOperationDto], nullable: true, description: 'What changes about it' })
  readonly diff!: readonly DiffOperationDto[] | null;
}

class ImportReportDto {
  @ApiProperty({ description: 'Whether nothing was written' })
  readonly dry_run!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Id of an import that was made in batches' })
  readonly import!: string | null;

  @ApiProperty({ type: ImportCountsDto })
  readonly counts!: ImportCountsDto;

  @ApiProperty({
    type: [ImportedResourceDto],
    nullable: true,
    description: 'In a stable order. Null when the same import was under way already and this request waited for it',
  })
  readonly resources!: readonly ImportedResourceDto[] | null;
}

export class ImportReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Configuration imported' })
  readonly Message!: string;

  @ApiProperty({ type: ImportReportDto })
  readonly Meta!: ImportReportDto;
}

class RefusalDto {
  @ApiProperty({ example: 'slug_conflict', description: 'The code of the error' })
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiProperty({ type: [FieldErrorDto] })
  readonly errors!: readonly FieldErrorDto[];
}

class ImportStateDto {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ enum: ['staging', 'applying', 'undoing', 'applied', 'undone'] })
  readonly state!: string;

  @ApiProperty({ ...int32, description: 'Changes that the import makes' })
  readonly steps!: number;

  @ApiProperty({ ...int32, description: 'How many of them are made' })
  readonly made!: number;

  @ApiProperty({ type: ImportCountsDto })
  readonly counts!: ImportCountsDto;

  @ApiProperty({ type: RefusalDto, nullable: true, description: 'Why it was taken back' })
  readonly refusal!: RefusalDto | null;

  @ApiProperty({ ...dateTime })
  readonly created_at!: string;

  @ApiProperty({ ...dateTime, nullable: true })
  readonly finished_at!: string | null;
}

export class ImportListDto {
  @ApiProperty({ type: [ImportStateDto] })
  readonly imports!: readonly ImportStateDto[];
}
