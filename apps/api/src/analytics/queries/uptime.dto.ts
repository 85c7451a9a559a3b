import { ApiProperty } from '@nestjs/swagger';
import { int32 } from '@castellan/dto';

export class UptimeDto {
  @ApiProperty({ example: 'http://10.0.0.7/health' }) readonly url!: string;
  @ApiProperty() readonly api_id!: string;
  @ApiProperty({ ...int32, description: 'Checks that were made' }) readonly checks!: number;
  @ApiProperty({ ...int32, description: 'Checks that failed' }) readonly failed!: number;
  @ApiProperty({
    example: 99.98,
    description: 'Share of the time, not of the checks: a check holds until the next one',
  })
  readonly availability!: number;
  @ApiProperty({ ...int32, description: 'Times it was down: as many checks failed in a row as `failures` says' })
  readonly outages!: number;
  @ApiProperty({ ...int32, description: 'Times it went from up to down or from down to up' }) readonly changes!: number;
  @ApiProperty({ description: 'Whether it changed six times or more in the last hour of what is asked for' })
  readonly flapping!: boolean;
  @ApiProperty({ description: 'Whether it was up at the last check' }) readonly up!: boolean;
  @ApiProperty({ example: '2026-12-06T12:31:02.000Z' }) readonly last_check!: string;
  @ApiProperty({ description: 'Mean, in milliseconds' }) readonly request_time!: number;
}

export class UptimeListDto {
  @ApiProperty({ type: [UptimeDto] }) readonly data!: readonly UptimeDto[];
  @ApiProperty({ ...int32, example: 0 }) readonly pages!: number;
}
