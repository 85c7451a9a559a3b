import { ApiProperty } from '@nestjs/swagger';
import { IsNumber, IsOptional, IsString } from 'class-validator';
import { int32 } from '@castellan/dto';

export class NodeReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly Message!: Readonly<Record<string, string>>;

  @ApiProperty({ description: 'To be shown with the next call' })
  readonly Nonce!: string;
}

class RegisteredNode {
  @ApiProperty({ example: 'solo-027f4735-a818-4f84-b2da-082ea1fe7450' })
  readonly NodeID!: string;
}

export class RegistrationReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ type: RegisteredNode })
  readonly Message!: RegisteredNode;

  @ApiProperty()
  readonly Nonce!: string;
}

export class NodeListReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  readonly Message!: readonly unknown[];

  @ApiProperty()
  readonly Nonce!: string;
}

/** What a gateway's monitor sends (docs/tyk/nodes.md#calls); each field may be missing. */
export class QuotaTriggerDto {
  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  readonly org_id?: string;

  @ApiProperty({ required: false, description: 'Hash of the key' })
  @IsOptional()
  @IsString()
  readonly key?: string;

  @ApiProperty({ ...int32, required: false, example: 80 })
  @IsOptional()
  @IsNumber()
  readonly trigger_limit?: number;

  @ApiProperty({ type: 'number', format: 'double', required: false, example: 81.5 })
  @IsOptional()
  @IsNumber()
  readonly usage_percentage?: number;
}
