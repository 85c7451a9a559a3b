import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { anyObject, int32, int64 } from '@castellan/dto';

/** A client as it is sent. */
export class OAuthClientInput {
  @ApiPropertyOptional({ example: 'mobile-app', description: 'Made when it is left out; cannot be changed' })
  readonly client_id?: string;

  @ApiPropertyOptional({ description: 'Made when it is left out; changed by rotation alone' })
  readonly secret?: string;

  @ApiPropertyOptional({ example: 'https://app.example/callback', description: 'Asked for when a client is made' })
  readonly redirect_uri?: string;

  @ApiPropertyOptional({ description: 'The policy that its tokens follow; it has to open the API' })
  readonly policy_id?: string;

  @ApiPropertyOptional({ example: 'Our app' })
  readonly description?: string;

  @ApiPropertyOptional({ example: 'Mobile' })
  readonly client_name?: string;

  @ApiPropertyOptional({ ...anyObject, nullable: true, example: { team: 'payments' } })
  readonly meta_data?: object | null;

  @ApiPropertyOptional({ description: 'Clients send it; the API is the one of the path' })
  readonly api_id?: string;
}

export class OAuthClientDto {
  @ApiProperty({ example: '2a06b398c17f46908de3dffcb71ef87d' })
  readonly client_id!: string;

  @ApiProperty({ example: '[redacted]', description: 'Shown when it was made just now, and never again' })
  readonly secret!: string;

  @ApiProperty({ example: 'https://app.example/callback' })
  readonly redirect_uri!: string;

  @ApiProperty({ example: '', description: 'Empty for none' })
  readonly policy_id!: string;

  @ApiProperty({ example: 'Our app' })
  readonly description!: string;

  @ApiProperty({ ...anyObject, nullable: true, example: { team: 'payments' } })
  readonly meta_data!: object | null;

  @ApiProperty({ example: 'Mobile' })
  readonly client_name!: string;

  @ApiProperty({ ...anyObject, description: 'Of the original; always empty' })
  readonly dcr_registration!: object;

  @ApiPropertyOptional({ type: [String], description: 'What gateways will do with it that one may not expect' })
  readonly warnings?: readonly string[];
}

export class OAuthClientListDto {
  @ApiProperty({ type: [OAuthClientDto] })
  readonly apps!: readonly object[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

/** An access token. */
export class OAuthTokenDto {
  @ApiProperty({ example: 'a1b2c3d4e5f60718', description: 'Its hash' })
  readonly code!: string;

  @ApiProperty({ ...int64, example: 1_795_667_225, description: 'When it ends, in seconds since 1970' })
  readonly expires!: number;
}

class OAuthTokenPageDto {
  @ApiProperty({ ...int32, example: 1 })
  readonly page_num!: number;

  @ApiProperty({ ...int32, example: 1 })
  readonly page_total!: number;

  @ApiProperty({ ...int32, example: 100 })
  readonly page_size!: number;
}

/** A page of tokens, in the form of the gateways' own API. */
export class OAuthTokenPagesDto {
  @ApiProperty({ type: OAuthTokenPageDto })
  readonly Pagination!: OAuthTokenPageDto;

  @ApiProperty({ type: [OAuthTokenDto] })
  readonly Tokens!: readonly OAuthTokenDto[];
}
