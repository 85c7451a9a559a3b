import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { int32, dateTime, email } from '@castellan/dto';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

const text = { message: 'must be text' };

/** What `POST /login` takes, as JSON or as a form. */
export class LoginInput {
  @ApiPropertyOptional({ ...email, example: 'ada@acme.example', description: 'The address' })
  @IsOptional()
  @IsString(text)
  @MaxLength(254, { message: 'must have at most 254 characters' })
  readonly email_address?: string;

  @ApiPropertyOptional({ description: 'The same as `email_address`, as forms of a Dashboard call it' })
  @IsOptional()
  @IsString(text)
  @MaxLength(254, { message: 'must have at most 254 characters' })
  readonly username?: string;

  @ApiProperty({ format: 'password' })
  @IsString({ message: 'is required' })
  @MaxLength(1_024, { message: 'must have at most 1024 characters' })
  readonly password!: string;

  @ApiPropertyOptional({
    example: '54b53d3aeba6db5c35000002',
    description: 'The organisation, for an address that several have; each of its users has a password of its own',
  })
  @IsOptional()
  @Matches(/^([0-9a-f]{24})?$/i, { message: 'must be the id of an organisation' })
  readonly org_id?: string;

  @ApiPropertyOptional({ example: '492039', description: 'A code of the second factor, or a recovery code' })
  @IsOptional()
  @IsString(text)
  @MaxLength(64, { message: 'must have at most 64 characters' })
  readonly code?: string;

  @ApiPropertyOptional({ format: 'password', description: 'The password to have from now on' })
  @IsOptional()
  @IsString(text)
  @MaxLength(1_024, { message: 'must have at most 1024 characters' })
  readonly new_password?: string;

  @ApiPropertyOptional({ example: '/', description: 'Where a form leads to: a path of this address' })
  @IsOptional()
  @IsString(text)
  readonly next?: string;

  /** Set by the reader of forms. */
  readonly from_form?: unknown;
}

export class SessionDto {
  @ApiProperty({ example: '9f86d081884c7d659a2feaa0c55ad015', description: 'Names the session, and opens nothing' })
  readonly id!: string;

  @ApiProperty({ example: '54b53e4ceba6db5c35000003' })
  readonly user_id!: string;

  @ApiProperty({ ...dateTime })
  readonly created_at!: string;

  @ApiProperty({ ...dateTime })
  readonly last_seen_at!: string;

  @ApiProperty({ ...dateTime, description: 'When it ends however much it is used; ISO 8601' })
  readonly expires_at!: string;

  @ApiProperty({ example: '10.0.0.1', description: 'Where the login came from' })
  readonly address!: string;

  @ApiProperty({ description: 'What the browser said to be' })
  readonly agent!: string;

  @ApiProperty({ example: 'password', enum: ['password', 'sso', 'oidc', 'setup'] })
  readonly method!: string;

  @ApiProperty({ description: 'Whether it is the one of this request' })
  readonly current!: boolean;
}

export class SessionListDto {
  @ApiProperty({ type: [SessionDto] })
  readonly sessions!: readonly SessionDto[];
}

/** Who came in, and what writes have to show beside the cookie. */
export class OwnSessionDto {
  @ApiProperty({ example: '54b53e4ceba6db5c35000003' })
  readonly user_id!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ ...email, example: 'ada@acme.example' })
  readonly email_address!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly user_permissions!: Readonly<Record<string, string>>;

  @ApiProperty({ description: 'Writes send it as `X-CSRF-Token`' })
  readonly csrf_token!: string;

  @ApiProperty({ type: SessionDto })
  readonly session!: SessionDto;
}

export class LoginReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Logged in' })
  readonly Message!: string;

  @ApiProperty({ type: OwnSessionDto })
  readonly Meta!: OwnSessionDto;
}

class SessionsEndedDto {
  @ApiProperty({ ...int32, example: 2 })
  readonly ended!: number;
}

export class SessionsEndedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Sessions ended' })
  readonly Message!: string;

  @ApiProperty({ type: SessionsEndedDto })
  readonly Meta!: SessionsEndedDto;
}
