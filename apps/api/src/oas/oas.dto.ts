import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { int32 } from '@castellan/dto';

class VersionMetaDto {
  @ApiProperty({ description: 'The api_id' })
  readonly id!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty()
  readonly versionName!: string;

  @ApiProperty()
  readonly internal!: boolean;

  @ApiProperty({ example: '2030-01-01 00:00', description: 'Empty when it never expires' })
  readonly expirationDate!: string;

  @ApiProperty()
  readonly isDefaultVersion!: boolean;
}

export class VersionListDto {
  @ApiProperty({ type: [VersionMetaDto] })
  readonly apis!: readonly VersionMetaDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

class SentDto {
  @ApiProperty({ example: 'x-api-version' })
  readonly name!: string;

  @ApiProperty({ example: 'v1' })
  readonly value!: string;
}

class UrlDto {
  @ApiProperty({ example: 'http' })
  readonly protocol!: string;

  @ApiProperty({ example: '127.0.0.1' })
  readonly domain!: string;

  @ApiProperty({ ...int32, nullable: true, example: 8080, description: 'Null where it is that of the protocol' })
  readonly port!: number | null;

  @ApiProperty({ example: 'users' })
  readonly listen_path!: string;

  @ApiProperty({ example: 'v1', description: 'The version, where paths name it' })
  readonly endpoint_path!: string;

  @ApiProperty({ type: [SentDto], description: 'The version, where a parameter names it' })
  readonly query_parameters!: readonly SentDto[];

  @ApiProperty({ type: [SentDto], description: 'The version, where a header names it' })
  readonly headers!: readonly SentDto[];

  @ApiProperty({ example: 'http://127.0.0.1:8080/users/v1' })
  readonly url!: string;
}

export class UrlsDto {
  @ApiProperty({ description: 'The api_id' })
  readonly api_id!: string;

  @ApiProperty({ type: [UrlDto] })
  readonly urls!: readonly UrlDto[];
}

/** What a dry run is made of (docs/tyk/management.md#openapi-documents). */
export class DryRunInput {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'An OpenAPI document' })
  readonly oas!: object;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'An OAS API whose OpenAPI part the document is to become',
  })
  readonly tyk_oas?: object;
}

/** How an OpenAPI document is described in Castellan's own OpenAPI document. */
export const openApiDocument = {
  type: 'object' as const,
  additionalProperties: true,
  description: 'An OpenAPI 3.0 or 3.1 document with Tyk’s extension, `x-tyk-api-gateway`',
};

/** The same where it may come as a file. */
export const inFormOrBody = 'in a form (`multipart/form-data`), the file in the field `file`';
