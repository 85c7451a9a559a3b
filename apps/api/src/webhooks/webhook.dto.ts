import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { int32, int64, KeepsUnknownFields, uri } from '@castellan/dto';

/** A web hook (docs/tyk/management.md#web-hooks). Unknown fields are kept. */
@KeepsUnknownFields()
export class WebhookInput {
  @ApiPropertyOptional({ example: 'Quota alarm', description: 'Clients find their hooks by it' })
  readonly name?: string;

  @ApiProperty({ example: 'POST', description: 'GET, PUT, POST, DELETE or PATCH' })
  readonly method!: string;

  @ApiProperty({ ...uri, example: 'https://alarms.acme.example/quota', description: 'An absolute http or https URL' })
  readonly target_path!: string;

  @ApiPropertyOptional({ description: 'A template file on the gateways; their own when empty' })
  readonly template_path?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { 'x-token': '123456' },
  })
  readonly header_map?: object;

  @ApiPropertyOptional({ ...int64, example: 0, description: 'Seconds in which the same event is sent once' })
  readonly event_timeout?: number;

  @ApiPropertyOptional({
    example: '1f78e319202b430e92286cff3ca759e3',
    description: 'Unique in the organisation, and the same wherever the hook moves; made when a new hook has none',
  })
  readonly webhook_id?: string;
}

@KeepsUnknownFields()
export class WebhookDto extends WebhookInput {
  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly api_model!: object;

  @ApiProperty({ example: '54be6c0beba6db07a6000002' })
  readonly id!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;
}

export class WebhookListDto {
  @ApiProperty({ type: [WebhookDto] })
  readonly hooks!: readonly WebhookDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}
