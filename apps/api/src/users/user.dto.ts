import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsEmail, IsObject, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';

/** A user as it is sent on the admin plane (docs/tyk/management.md#users). */
export class UserInput {
  @ApiPropertyOptional({ type: String, nullable: true, example: 'Ada' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly first_name?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Lovelace' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly last_name?: string | null;

  @ApiProperty({ example: 'ada@acme.example' })
  @IsEmail({ require_tld: false }, { message: 'must be an email address' })
  readonly email_address!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002', description: 'The organisation that the user belongs to' })
  @Matches(/^[0-9a-f]{24}$/i, { message: 'must be the id of an organisation' })
  readonly org_id!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'At least six characters; without one the user works with the access key alone',
  })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MinLength(6, { message: 'must have at least 6 characters' })
  @MaxLength(1024, { message: 'must have at most 1024 characters' })
  readonly password?: string | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    default: true,
    description: 'An inactive user’s access key opens nothing',
  })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly active?: boolean | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { apis: 'write', policies: 'read' },
    description: 'Sections with `read` or `write`, or `IsAdmin` with `admin`. What is not named is denied.',
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly user_permissions?: Readonly<Record<string, unknown>> | null;
}

/** A user as replies show it. The access key is empty but in the reply that creates it. */
export class UserDto {
  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly api_model!: Readonly<Record<string, never>>;

  @ApiProperty({ example: 'Ada' })
  readonly first_name!: string;

  @ApiProperty({ example: 'Lovelace' })
  readonly last_name!: string;

  @ApiProperty({ example: 'ada@acme.example' })
  readonly email_address!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty()
  readonly active!: boolean;

  @ApiProperty({ example: '54b53e4ceba6db5c35000003' })
  readonly id!: string;

  @ApiProperty({ description: 'Shown once, when it is made' })
  readonly access_key!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly user_permissions!: Readonly<Record<string, string>>;

  @ApiProperty({ description: 'ISO 8601' })
  readonly created_at!: string;
}

export class UserListDto {
  @ApiProperty({ type: [UserDto] })
  readonly users!: readonly UserDto[];

  @ApiProperty({ example: 1 })
  readonly pages!: number;
}

/**
 * `Message` is the access key, `Meta` the user: what every bootstrap script relies on (docs/tyk/management.md#users).
 */
export class UserCreatedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ description: 'The access key; it is not shown again' })
  readonly Message!: string;

  @ApiProperty({ type: UserDto })
  readonly Meta!: UserDto;
}
