import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { readImportQuery, type ImportOptions } from '@castellan/tyk';
import { VersionQuery } from '../apis/version-query';

const flag = (description: string) =>
  ApiPropertyOptional({ enum: ['true', 'false'], description: `${description}; left out, nothing changes` });

/**
 * What import and dry run may be asked for besides the document (docs/tyk/management.md#openapi-documents); libs/tyk
 * reads it.
 */
export class ImportQuery extends VersionQuery {
  @ApiPropertyOptional({ description: 'Where the API proxies to; otherwise the document’s first server' })
  readonly upstreamURL?: string;

  @ApiPropertyOptional({ description: 'Where the API listens; otherwise a path made of the title' })
  readonly listenPath?: string;

  @ApiPropertyOptional({ description: 'The domain that the API answers on' })
  readonly customDomain?: string;

  @flag('Let through the operations of the document only')
  readonly allowList?: string;

  @flag('Validate requests that have parameters or a JSON body')
  readonly validateRequest?: string;

  @flag('Answer with the examples of the document')
  readonly mockResponse?: string;

  @flag('Ask for the credentials that the document’s `security` names')
  readonly authentication?: string;

  @ApiPropertyOptional({ description: 'Templates are not available; a value is refused' })
  @IsOptional()
  @IsIn([''], { message: 'names no template' })
  readonly templateID?: string;
}

/** The options of a query; the parameters are read as Go reads them. */
export const importOptionsOf = (query: ImportQuery): ImportOptions =>
  readImportQuery(Object.fromEntries(Object.entries(query)));

export class OasVersionsQuery {
  @ApiPropertyOptional({ description: 'Part of the version’s name' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly searchText?: string;

  @ApiPropertyOptional({ enum: ['internal', 'external'] })
  @IsOptional()
  @IsIn(['internal', 'external', ''], { message: 'must be internal or external' })
  readonly accessType?: 'internal' | 'external' | '';
}

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

  @ApiProperty({ example: 1 })
  readonly pages!: number;
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
