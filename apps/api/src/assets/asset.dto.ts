import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { assetKinds } from './asset-content';

/** A template of an API as it is sent (docs/tyk/management.md#assets). */
export class AssetInput {
  @ApiPropertyOptional({ example: 'my-template', description: 'Unique in the organisation; made when it is left out' })
  readonly id?: string;

  @ApiProperty({ enum: [...assetKinds] })
  readonly kind!: string;

  @ApiProperty({ example: 'My template' })
  readonly name!: string;

  @ApiPropertyOptional({ example: 'Limits the size of requests' })
  readonly description?: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { 'x-tyk-api-gateway': { middleware: { global: { cache: { enabled: true, timeout: 5 } } } } },
    description: 'An OpenAPI document or a part of one',
  })
  readonly data!: object;
}

export class AssetDto extends AssetInput {
  @ApiProperty({ example: '664d86e35715ec0d370bbe11' })
  readonly _id!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ format: 'date-time', example: '2030-01-31T12:00:00.000Z' })
  readonly last_updated!: string;
}

/** What clients of these routes expect of a write: `success` where others say `OK`. */
export class AssetReply {
  @ApiProperty({ type: String, example: 'success' })
  readonly Status = 'success';

  @ApiProperty({ example: 'asset created' })
  readonly Message: string;

  @ApiProperty({ type: String, nullable: true, description: 'The database id' })
  readonly Meta: string | null;

  @ApiPropertyOptional({ example: 'my-template' })
  readonly ID?: string;

  constructor(message: string, meta: string | null = null, id?: string) {
    this.Message = message;
    this.Meta = meta;
    if (id !== undefined) this.ID = id;
  }
}
