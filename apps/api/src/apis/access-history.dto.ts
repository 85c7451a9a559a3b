import { ApiProperty } from '@nestjs/swagger';
import { int32 } from '@castellan/dto';
import { RevisionSummaryDto } from '../history/revision.dto';
import { AccessDto } from './api.dto';

export class AccessRevisionDto extends RevisionSummaryDto {
  @ApiProperty({ type: AccessDto, description: 'Who owned the API until then' })
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
