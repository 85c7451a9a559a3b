import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { email } from '@castellan/dto';
import { OwnSessionDto } from '../sessions/login.dto';

const text = { message: 'must be text' };
const name = { message: 'must have at most 200 characters' };

/** An organisation and its administrator. */
export class FoundingInput {
  @ApiProperty({ example: 'Acme' })
  @IsString({ message: 'is required' })
  @MinLength(1, { message: 'is required' })
  @MaxLength(200, name)
  readonly owner_name!: string;

  @ApiPropertyOptional({ example: 'acme' })
  @IsOptional()
  @IsString(text)
  @MaxLength(200, name)
  readonly owner_slug?: string;

  @ApiProperty({ ...email, example: 'ada@acme.example' })
  @IsEmail({ require_tld: false }, { message: 'must be an email address' })
  readonly email_address!: string;

  @ApiPropertyOptional({ example: 'Ada' })
  @IsOptional()
  @IsString(text)
  @MaxLength(200, name)
  readonly first_name?: string;

  @ApiPropertyOptional({ example: 'Lovelace' })
  @IsOptional()
  @IsString(text)
  @MaxLength(200, name)
  readonly last_name?: string;

  @ApiPropertyOptional({
    format: 'password',
    description: 'Without one the administrator works with the access key, and can set one with it',
  })
  @IsOptional()
  @IsString(text)
  @MaxLength(1_024, { message: 'must have at most 1024 characters' })
  readonly password?: string;
}

export class SetupInput extends FoundingInput {
  @ApiProperty({ description: 'What `npm start` prints and the log of the API has' })
  @IsString({ message: 'is required' })
  @MaxLength(128, { message: 'must have at most 128 characters' })
  readonly token!: string;
}

export class SetupDto {
  @ApiProperty({ description: 'Whether nobody has set the installation up yet' })
  readonly needed!: boolean;
}

export class FoundedDto {
  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ example: '54b53e4ceba6db5c35000003' })
  readonly user_id!: string;
}

/** `Message` is the access key, as in the reply to a new user. */
export class FoundedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ description: 'The access key of the administrator; it is not shown again' })
  readonly Message!: string;

  @ApiProperty({ type: FoundedDto })
  readonly Meta!: FoundedDto;
}

/** The same for the first run, whose browser is logged in at once. */
export class SetupReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ description: 'The access key of the administrator; it is not shown again' })
  readonly Message!: string;

  @ApiProperty({ type: OwnSessionDto })
  readonly Meta!: OwnSessionDto;
}
