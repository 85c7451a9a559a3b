import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';

/** What providers sign with; nothing that is shared with us, and not nothing. */
const signingAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const;

const text = { message: 'must be text' };
const truth = { message: 'must be true or false' };
const groupId = { message: 'must be the id of a user group' };
const atMost = (count: number) => ({ message: `must have at most ${count} characters` });

/** A provider as it is sent. What is left out is as the document says; a `client_secret` that is left out stays. */
export class IdentityProviderInput {
  @ApiProperty({ example: 'Acme accounts' })
  @IsString(text)
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(200, atMost(200))
  readonly name!: string;

  @ApiPropertyOptional({ default: true })
  @IsOptional()
  @IsBoolean(truth)
  readonly active?: boolean;

  @ApiProperty({ example: 'https://accounts.acme.example', description: 'To the letter as the provider says it' })
  @IsString(text)
  @MaxLength(1_000, atMost(1_000))
  readonly issuer!: string;

  @ApiProperty({ example: 'castellan' })
  @IsString(text)
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(500, atMost(500))
  readonly client_id!: string;

  @ApiPropertyOptional({ description: 'Kept encrypted, and never shown; left out it stays, and empty it is removed' })
  @IsOptional()
  @IsString(text)
  @MaxLength(2_000, atMost(2_000))
  readonly client_secret?: string;

  @ApiPropertyOptional({ default: 'openid email profile' })
  @IsOptional()
  @IsString(text)
  @MaxLength(500, atMost(500))
  @Matches(/^openid( [\w:/.-]+)*$/, { message: 'must begin with openid, and have names with spaces between' })
  readonly scopes?: string;

  @ApiPropertyOptional({ enum: signingAlgorithms, default: 'RS256' })
  @IsOptional()
  @IsIn(signingAlgorithms, { message: `must be one of ${signingAlgorithms.join(', ')}` })
  readonly id_token_alg?: string;

  @ApiPropertyOptional({ example: 'groups', description: 'The claim that lists groups; empty leaves groups alone' })
  @IsOptional()
  @IsString(text)
  @MaxLength(200, atMost(200))
  readonly groups_claim?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { 'api-team': '6649fb3e5715ec4c96cbef36' },
    description: 'Values of the claim, and the user group that each stands for; who has several is in all of theirs',
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  readonly group_mappings?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({ type: [String], description: 'User groups of those whose claim stands for none' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(100, { message: 'must have at most 100 entries' })
  @IsString({ each: true, ...groupId })
  @Matches(/^[0-9a-f]{24}$/, { each: true, ...groupId })
  readonly default_groups?: readonly string[];

  @ApiPropertyOptional({ default: false, description: 'Make a user of whoever comes for the first time' })
  @IsOptional()
  @IsBoolean(truth)
  readonly create_users?: boolean;

  @ApiPropertyOptional({
    default: false,
    description: 'Let whoever comes for the first time be the user who has the same, verified address',
  })
  @IsOptional()
  @IsBoolean(truth)
  readonly link_users?: boolean;

  @ApiPropertyOptional({
    default: false,
    description: 'Take addresses for verified even where the provider does not say so',
  })
  @IsOptional()
  @IsBoolean(truth)
  readonly trust_emails?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Take claims from the userinfo endpoint, not from the ID token' })
  @IsOptional()
  @IsBoolean(truth)
  readonly use_userinfo?: boolean;
}

/** A provider as it is shown. */
export class IdentityProviderDto {
  @ApiProperty({ example: '6649fb3e5715ec4c96cbef36' })
  readonly id!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty()
  readonly active!: boolean;

  @ApiProperty()
  readonly issuer!: string;

  @ApiProperty()
  readonly client_id!: string;

  @ApiProperty({ description: 'Whether there is a secret; it is not shown' })
  readonly has_client_secret!: boolean;

  @ApiProperty()
  readonly scopes!: string;

  @ApiProperty()
  readonly id_token_alg!: string;

  @ApiProperty()
  readonly groups_claim!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly group_mappings!: Readonly<Record<string, string>>;

  @ApiProperty({ type: [String] })
  readonly default_groups!: readonly string[];

  @ApiProperty()
  readonly create_users!: boolean;

  @ApiProperty()
  readonly link_users!: boolean;

  @ApiProperty()
  readonly trust_emails!: boolean;

  @ApiProperty()
  readonly use_userinfo!: boolean;

  @ApiProperty({ description: 'Where a login begins' })
  readonly login_path!: string;

  @ApiProperty({ description: 'To be registered with the provider as redirect URI, behind the address of the API' })
  readonly callback_path!: string;

  @ApiProperty({ description: 'The same as URI for back-channel logout' })
  readonly backchannel_logout_path!: string;
}

export class IdentityProviderListDto {
  @ApiProperty({ type: [IdentityProviderDto] })
  readonly identity_providers!: readonly IdentityProviderDto[];
}
