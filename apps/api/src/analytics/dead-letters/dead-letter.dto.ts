import { ApiProperty } from '@nestjs/swagger';
import { dateTime, int32 } from '@castellan/dto';

export class DeadLetterDto {
  @ApiProperty({ example: '6b07a8ee73882eb05c0245db' }) readonly id!: string;
  @ApiProperty({ example: 'analytics-tyk-system-analytics', description: 'The list in Redis that it was in' })
  readonly list!: string;
  @ApiProperty({ example: 'Cut off', description: 'Why it was set aside' }) readonly reason!: string;
  @ApiProperty({ ...int32, description: 'Length of what came, in bytes' }) readonly size!: number;
  @ApiProperty({ description: 'Whether less was kept than came, so that it cannot be put back' })
  readonly truncated!: boolean;
  @ApiProperty({ ...dateTime }) readonly at!: string;
}

export class DeadLetterDetailDto extends DeadLetterDto {
  @ApiProperty({ format: 'byte', description: 'The bytes that were kept; nothing in them could be masked' })
  readonly record!: string;
}

export class DeadLetterListDto {
  @ApiProperty({ type: [DeadLetterDto] }) readonly data!: readonly DeadLetterDto[];
  @ApiProperty({ ...int32, example: 1 }) readonly pages!: number;
}

export class DeadLetterDoneDto {
  @ApiProperty({ example: 'OK' }) readonly Status!: string;
  @ApiProperty({ example: 'Dead letter put back' }) readonly Message!: string;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly Meta!: null;
}
