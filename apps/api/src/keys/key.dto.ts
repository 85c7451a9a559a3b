import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { anyObject, int32 } from '@castellan/dto';
import { IsString, MaxLength } from 'class-validator';

export class KeySearchDto {
  @ApiProperty({ description: 'The token itself; it is hashed on arrival and written nowhere' })
  @IsString()
  @MaxLength(8_192)
  readonly token!: string;
}

export class KeyReplyDto {
  @ApiProperty({ ...anyObject, example: {} })
  readonly api_model!: object;

  @ApiProperty({ description: 'The token when the key is made, which is the only time; its hash afterwards' })
  readonly key_id!: string;

  @ApiProperty({ ...anyObject, description: 'The session' })
  readonly data!: object;

  @ApiProperty()
  readonly key_hash!: string;

  @ApiProperty({ type: [String], description: 'What nodes do with the key, in words' })
  readonly explanation!: readonly string[];

  @ApiPropertyOptional({
    ...anyObject,
    nullable: true,
    description:
      'Live counters, or null when Redis is out of reach: what is used and left of quotas, and under `rates` of the rates that gateways count in Redis and not in their memory',
  })
  readonly counters?: object | null;

  @ApiPropertyOptional({
    format: 'date-time',
    nullable: true,
    type: String,
    description:
      'On reads: when a gateway recorded a request with it last, to a quarter of an hour; null as long as Castellan has stored none',
  })
  readonly last_used?: string | null;

  @ApiPropertyOptional({
    ...anyObject,
    description:
      'Of a preview with policies: what these come to for each API, and what its calls are counted under (`scope`), on gateways of 5.14; where older ones make something else of them, the explanation says so',
  })
  readonly limits?: object;

  @ApiPropertyOptional({ example: 'OK', description: 'On changes' })
  readonly Status?: string;

  @ApiPropertyOptional({ example: 'Key updated', description: 'On changes' })
  readonly Message?: string;

  @ApiPropertyOptional({ description: 'On changes; always empty' })
  readonly Meta?: string;
}

export class KeyDeletedDto {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Key deleted succesfully' })
  readonly Message!: string;

  @ApiPropertyOptional({
    type: [String],
    description:
      'Only of a key that is known by its hash alone, which gateways from 5.0 on forget up to ten seconds later',
  })
  readonly explanation?: readonly string[];

  @ApiProperty({ description: 'Always empty' })
  readonly Meta!: string;
}

export class KeyIdsDto {
  @ApiProperty({ type: [String], description: 'Hashes' })
  readonly keys!: readonly string[];
}

export class KeyListDto {
  @ApiProperty({ type: KeyIdsDto })
  readonly data!: KeyIdsDto;

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;

  @ApiProperty({ ...int32, example: 1 })
  readonly total!: number;
}

export class KeyEntryDto {
  @ApiProperty({ description: 'The hash' })
  readonly key_id!: string;

  @ApiProperty({ ...anyObject, description: 'What the index knows of the session' })
  readonly data!: object;
}

export class DetailedKeysDto {
  @ApiProperty({ type: [KeyEntryDto] })
  readonly keys!: readonly KeyEntryDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;

  @ApiProperty({ ...int32, example: 1 })
  readonly total!: number;
}

/** A session as callers send it. */
export const sessionBody = {
  schema: {
    type: 'object' as const,
    description: 'A session; fields that are left out stay as they are',
    additionalProperties: true,
  },
};

/** A session that is taken once the API of the examples is there. */
export const keyExample = {
  alias: 'mobile',
  access_rights: {
    b84fe1a04e5648927971c0557971565c: {
      api_id: 'b84fe1a04e5648927971c0557971565c',
      api_name: 'Echo',
      versions: ['Default'],
    },
  },
};

/** The same of somebody with a password. */
export const sessionExample = { ...keyExample, basic_auth_data: { password: 'correct horse battery staple' } };
