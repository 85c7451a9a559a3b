import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

export class KeySearchDto {
  @ApiProperty({ description: 'The token itself; it is hashed on arrival and written nowhere' })
  @IsString()
  @MaxLength(8_192)
  readonly token!: string;
}

export class KeyReplyDto {
  @ApiProperty({ type: Object, example: {} })
  readonly api_model!: object;

  @ApiProperty({ description: 'The token when the key is made, which is the only time; its hash afterwards' })
  readonly key_id!: string;

  @ApiProperty({ type: Object, description: 'The session' })
  readonly data!: object;

  @ApiProperty()
  readonly key_hash!: string;

  @ApiProperty({ type: [String], description: 'What nodes do with the key, in words' })
  readonly explanation!: readonly string[];

  @ApiPropertyOptional({ type: Object, description: 'Live counters, or null when Redis is out of reach' })
  readonly counters?: object | null;
}

export class KeyIdsDto {
  @ApiProperty({ type: [String], description: 'Hashes' })
  readonly keys!: readonly string[];
}

export class KeyListDto {
  @ApiProperty({ type: KeyIdsDto })
  readonly data!: KeyIdsDto;

  @ApiProperty()
  readonly pages!: number;

  @ApiProperty()
  readonly total!: number;
}

export class KeyEntryDto {
  @ApiProperty({ description: 'The hash' })
  readonly key_id!: string;

  @ApiProperty({ type: Object, description: 'What the index knows of the session' })
  readonly data!: object;
}

export class DetailedKeysDto {
  @ApiProperty({ type: [KeyEntryDto] })
  readonly keys!: readonly KeyEntryDto[];

  @ApiProperty()
  readonly pages!: number;

  @ApiProperty()
  readonly total!: number;
}

/** A session as callers send it. */
export const sessionBody = {
  schema: {
    type: 'object' as const,
    description: 'A session; fields that are left out stay as they are',
    additionalProperties: true,
    example: { alias: 'mobile', apply_policies: ['5ead7120575961000181867e'] },
  },
};
