import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { dateTime, int32, int64, KeepsUnknownFields } from '@castellan/dto';

/** A policy (docs/tyk/management.md#policies). Unknown fields are kept. */
@KeepsUnknownFields()
export class PolicyInput {
  @ApiPropertyOptional({ example: '5ead71205759610001818680', description: 'The row id to create it with' })
  readonly _id?: string;

  @ApiPropertyOptional({
    example: 'gold',
    description: 'An id of your own, by which keys and gateways know the policy',
  })
  readonly id?: string;

  @ApiProperty({ example: 'Gold' })
  readonly name!: string;

  @ApiProperty({ example: true, description: 'Gateways get active policies only' })
  readonly active!: boolean;

  @ApiPropertyOptional({ type: 'number', format: 'double', example: 1000, description: 'Requests every `per` seconds' })
  readonly rate?: number;

  @ApiPropertyOptional({ type: 'number', format: 'double', example: 60, description: 'Seconds' })
  readonly per?: number;

  @ApiPropertyOptional({
    ...int64,
    example: -1,
    description: 'Requests every `quota_renewal_rate` seconds; -1 for no quota',
  })
  readonly quota_max?: number;

  @ApiPropertyOptional({ ...int64, example: 3600, description: 'Seconds' })
  readonly quota_renewal_rate?: number;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    nullable: true,
    description: 'By `api_id`. Each API, and each version that is named, has to exist in the organisation.',
    example: {
      b84fe1a04e5648927971c0557971565c: {
        api_id: 'b84fe1a04e5648927971c0557971565c',
        api_name: 'Echo',
        versions: ['Default'],
        allowed_urls: [],
      },
    },
  })
  readonly access_rights?: object;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'boolean' },
    nullable: true,
    example: { quota: true },
  })
  readonly partitions?: object;

  @ApiPropertyOptional({ type: [String], nullable: true })
  readonly tags?: readonly string[];

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, nullable: true })
  readonly meta_data?: object;
}

@KeepsUnknownFields()
export class PolicyDto extends PolicyInput {
  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ ...dateTime })
  readonly date_created!: string;

  @ApiProperty({ example: '1736761362', description: 'Unix seconds' })
  readonly last_updated!: string;
}

export class PolicyListDto {
  @ApiProperty({ type: [PolicyDto], description: 'Access rights carry `apiid` and `apiname` too' })
  readonly Data!: readonly PolicyDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly Pages!: number;
}
