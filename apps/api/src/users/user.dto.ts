import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsEmail,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { dateTime, email, int32 } from '@castellan/dto';
import { OptionalChoice, OptionalCount, OptionalRights, OptionalText, PasswordMaxDays } from './field-checks';

/** More groups than anybody needs to be in. */
const mostGroups = 100;
const groupIdPattern = /^([0-9a-f]{24})?$/i;
const notAGroup = 'must be the id of a user group';

/** What a body may say of a user, whoever sends it. What it does not say stays as it is. */
export class UserFields {
  @OptionalText('Ada', 200)
  readonly first_name?: string | null;

  @OptionalText('Lovelace', 200)
  readonly last_name?: string | null;

  @OptionalChoice('An inactive user’s access key opens nothing; a new user is active unless told otherwise')
  readonly active?: boolean | null;

  @OptionalRights('Sections with `read` or `write`, or `IsAdmin` with `admin`. What is not named is denied.', {
    apis: 'write',
    policies: 'read',
  })
  readonly user_permissions?: Readonly<Record<string, unknown>> | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'The only group, in the words of older clients; sent back as it was shown it changes nothing',
  })
  @IsOptional()
  @IsString({ message: notAGroup })
  @Matches(groupIdPattern, { message: notAGroup })
  readonly group_id?: string | null;

  @ApiPropertyOptional({ type: [String], nullable: true, description: 'All groups' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(mostGroups, { message: `must have at most ${mostGroups} entries` })
  @IsString({ each: true, message: notAGroup })
  @Matches(groupIdPattern, { each: true, message: notAGroup })
  readonly group_ids?: readonly string[] | null;

  @ApiPropertyOptional({ type: [String], nullable: true, description: 'Another spelling of `group_ids`' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(mostGroups, { message: `must have at most ${mostGroups} entries` })
  @IsString({ each: true, message: notAGroup })
  @Matches(groupIdPattern, { each: true, message: notAGroup })
  readonly groups_ids?: readonly string[] | null;

  @PasswordMaxDays()
  readonly password_max_days?: number | null;

  @OptionalChoice('A program’s account: it works by its access key, and nobody logs in as it. Administrators make them')
  readonly service_account?: boolean | null;

  @OptionalCount('Requests a minute; 0 for what the installation says. Administrators set it', 10_000_000)
  readonly rate_limit?: number | null;
}

const isAddress = () => IsEmail({ require_tld: false }, { message: 'must be an email address' });

/** A new user of the caller's organisation. */
class UserCreation extends UserFields {
  @ApiProperty({ ...email, example: 'ada@acme.example' })
  @isAddress()
  readonly email_address!: string;
}

const CallersPassword = () =>
  applyDecorators(
    ApiPropertyOptional({
      format: 'password',
      description: 'The caller’s own, which a browser sends that logged in more than ten minutes ago',
    }),
    IsOptional(),
    IsString({ message: 'must be text' }),
    MaxLength(1024, { message: 'must have at most 1024 characters' }),
  );

/** A new user as somebody in an organisation sends it. */
export class OrganisationUserCreation extends UserCreation {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Not needed: users go into the organisation of whoever makes them',
  })
  @IsOptional()
  readonly org_id?: string | null;

  @CallersPassword()
  readonly current_password?: string;
}

/** A change of a user. */
export class UserChange extends UserFields {
  @ApiPropertyOptional({ ...email, nullable: true, example: 'ada@acme.example' })
  @IsOptional()
  @isAddress()
  readonly email_address?: string | null;
}

/** A change of a user as somebody in an organisation sends it. */
export class OrganisationUserChange extends UserChange {
  @CallersPassword()
  readonly current_password?: string;
}

/** A new user as it is sent on the operator’s plane (docs/tyk/management.md#users). */
export class UserInput extends UserCreation {
  @ApiPropertyOptional({
    example: '54b53d3aeba6db5c35000002',
    description:
      'The organisation that the user belongs to; may be left out while there is only one. Empty for a super user, who is of none and administers each',
  })
  @ValidateIf((_, value) => value !== undefined)
  @Matches(/^(?!0+$)([0-9a-f]{24})?$/i, { message: 'must be the id of an organisation' })
  readonly org_id?: string;

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
}

/** A change of a user on the operator’s plane. */
export class OperatorUserChange extends UserChange {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'The organisation that the user is in; users do not move',
  })
  @IsOptional()
  @Matches(/^([0-9a-f]{24})?$/i, { message: 'must be the id of an organisation' })
  readonly org_id?: string | null;
}

class UserFilters {
  @ApiPropertyOptional({ type: String, description: 'A part of the name or the address' })
  readonly query?: string;
}

/** A search in the form that takes a body. */
export class UserSearch {
  @ApiPropertyOptional({ type: UserFilters })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly filters?: Readonly<Record<string, unknown>>;
}

/** A user as replies show it. The access key is empty but in the reply that creates it. */
export class UserDto {
  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly api_model!: Readonly<Record<string, never>>;

  @ApiProperty({ example: 'Ada' })
  readonly first_name!: string;

  @ApiProperty({ example: 'Lovelace' })
  readonly last_name!: string;

  @ApiProperty({ ...email, example: 'ada@acme.example' })
  readonly email_address!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty()
  readonly active!: boolean;

  @ApiProperty({ example: '54b53e4ceba6db5c35000003' })
  readonly id!: string;

  @ApiProperty({ description: 'Shown once, when it is made' })
  readonly access_key!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, description: 'Without those of groups' })
  readonly user_permissions!: Readonly<Record<string, string>>;

  @ApiProperty({
    description: 'The first of the groups; empty for none. All of them are at `/api/users/{id}/permissions`',
  })
  readonly group_id!: string;

  @ApiProperty({ ...int32, example: 0 })
  readonly password_max_days!: number;

  @ApiProperty({ ...dateTime })
  readonly created_at!: string;

  @ApiProperty({
    ...dateTime,
    description: 'When the user last came in by a browser; year 1 for never. It moves without a new version',
  })
  readonly last_login_date!: string;

  @ApiProperty({ ...dateTime, description: 'When the password was set; year 1 for somebody who has none' })
  readonly password_updated!: string;
}

export class UserListDto {
  @ApiProperty({ type: [UserDto] })
  readonly users!: readonly UserDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}
