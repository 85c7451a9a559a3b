import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';
import { int32 } from '@castellan/dto';

const texts = { message: 'must be a text of 1 to 1000 characters' };

/** Null is what is left of something that somebody meant to name. */
const Sent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** By what somebody is known who is to be forgotten: exactly one of these. */
export class ErasureBodyDto {
  @ApiPropertyOptional({ description: 'Hash of a key, as the log shows it' })
  @Sent()
  @IsString({ message: 'must be a text' })
  @Length(1, 1_000, texts)
  @Matches(/\S/, { message: 'must not be blank' })
  readonly key_hash?: string;

  @ApiPropertyOptional({ description: 'Alias of keys' })
  @Sent()
  @IsString({ message: 'must be a text' })
  @Length(1, 1_000, texts)
  @Matches(/\S/, { message: 'must not be blank' })
  readonly alias?: string;

  @ApiPropertyOptional({ description: 'Address of a caller', example: '192.0.2.7' })
  @Sent()
  @IsString({ message: 'must be a text' })
  @Length(1, 1_000, texts)
  @Matches(/\S/, { message: 'must not be blank' })
  readonly address?: string;
}

export class ErasureReplyDto {
  @ApiProperty({ ...int32, description: 'Records of requests that name nobody any more' })
  readonly records!: number;

  @ApiProperty({ ...int32, description: 'Sums that were put together with those of all who were forgotten' })
  readonly sums!: number;

  @ApiProperty({
    ...int32,
    description: 'Records that could not be read or stored, and named somebody all the same: they are deleted',
  })
  readonly dead_letters!: number;

  @ApiProperty({ description: 'Whether there is more than one call does; the same call goes on with it' })
  readonly more!: boolean;
}
