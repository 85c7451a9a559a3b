import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { email } from '@castellan/dto';
import { Equals, IsArray, IsBoolean, IsEmail, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

export const ssoSections = ['dashboard', 'portal'] as const;
export type SsoSection = (typeof ssoSections)[number];

const text = { message: 'must be text' };

/** What identity brokers send (docs/tyk/management.md#single-sign-on). */
export class NonceInput {
  @ApiProperty({ enum: ssoSections, description: 'Where the nonce is good' })
  @IsIn(ssoSections, { message: 'must be dashboard or portal' })
  readonly ForSection!: SsoSection;

  @ApiPropertyOptional({
    example: '54b53d3aeba6db5c35000002',
    description: 'The organisation, for the operator; everybody else makes nonces for their own',
  })
  @IsOptional()
  @IsString(text)
  @Matches(/^([0-9a-f]{24})?$/i, { message: 'must be the id of an organisation' })
  readonly OrgID?: string;

  @ApiProperty({ ...email, example: 'ada@acme.example' })
  @IsEmail({ require_tld: false }, { message: 'must be an email address' })
  readonly EmailAddress!: string;

  @ApiPropertyOptional({ example: 'Ada Lovelace' })
  @IsOptional()
  @IsString(text)
  @MaxLength(400, { message: 'must have at most 400 characters' })
  readonly DisplayName?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'A user group whose rights the user has in the session that the nonce opens, and no longer',
  })
  @IsOptional()
  @IsString(text)
  @MaxLength(64, { message: 'must have at most 64 characters' })
  readonly GroupID?: string | null;

  @ApiPropertyOptional({ type: [String], nullable: true, description: 'More such groups' })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @IsString({ each: true, message: 'must be texts' })
  readonly GroupsIDs?: readonly string[] | null;

  @ApiPropertyOptional({ description: 'Nobody else is let in in any case' })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly SSOOnlyForRegisteredUsers?: boolean;

  @ApiPropertyOptional({ example: false, description: 'Says that the user must not come in: no nonce is made' })
  @IsOptional()
  @Equals(false, { message: 'must be false: nobody is let in of whom the broker says that they must not come in' })
  readonly UserNotAllowed?: boolean;
}
