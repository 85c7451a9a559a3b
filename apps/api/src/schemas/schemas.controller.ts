import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { definitionSchema, oasApiSchema } from '@castellan/tyk';
import { ApiErrors } from '../http/api-errors.decorator';
import { sendJsonText } from '../http/text-reply';

class SchemaQuery {
  @ApiPropertyOptional({ example: '3.0', description: 'Version of OpenAPI: 3.0 or 3.1' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly oasVersion?: string;

  @ApiPropertyOptional({ description: 'With any value: indented' })
  @IsOptional()
  readonly pretty?: string;
}

const schemaReply = {
  schema: {
    type: 'object' as const,
    properties: {
      status: { type: 'string' as const, example: 'OK' },
      message: { type: 'string' as const },
      schema: { type: 'object' as const, additionalProperties: true, description: 'JSON Schema' },
    },
  },
};

/**
 * The JSON Schemas that definitions are checked by, in the reply that clients of Tyk know
 * (docs/tyk/management.md#schemas).
 */
@ApiTags('Schemas')
@Controller('api')
export class SchemasController {
  @Get('schema')
  @Requires('apis', 'read', 'Get schema')
  @ApiOperation({ operationId: 'getSchema', summary: 'The schema of OAS APIs' })
  @ApiOkResponse(schemaReply)
  @ApiErrors(400, 401, 403)
  schema(@Query() query: SchemaQuery, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: oasSchema(query) });
  }

  @Get('schemas/apidefs')
  @Requires('apis', 'read', 'List schemas')
  @ApiOperation({ operationId: 'listApiSchemas', summary: 'The schemas of every kind of API' })
  @ApiOkResponse({ schema: { ...schemaReply.schema, properties: { schemas: { type: 'object' } } } })
  @ApiErrors(400, 401, 403)
  schemas(@Query() query: SchemaQuery, @Res() reply: FastifyReply): void {
    const oas = oasSchema(query);
    // Streams are OAS documents with one more extension, which nodes check themselves.
    send(reply, query, { schemas: { oas, streamsOAS: oas, classic: definitionSchema } });
  }

  @Get('schemas/apidefs/oas')
  @Requires('apis', 'read', 'Get schema')
  @ApiOperation({ operationId: 'getOasSchema', summary: 'The schema of OAS APIs' })
  @ApiOkResponse(schemaReply)
  @ApiErrors(400, 401, 403)
  oas(@Query() query: SchemaQuery, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: oasSchema(query) });
  }

  @Get('schemas/apidefs/classic')
  @Requires('apis', 'read', 'Get schema')
  @ApiOperation({ operationId: 'getClassicSchema', summary: 'The schema of classic API definitions' })
  @ApiOkResponse(schemaReply)
  @ApiErrors(401, 403)
  classic(@Query() query: SchemaQuery, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: definitionSchema });
  }
}

const oasSchema = ({ oasVersion }: SchemaQuery): Readonly<Record<string, unknown>> => {
  const schema = oasApiSchema(oasVersion === '' ? undefined : oasVersion);
  if (schema !== undefined) return schema;
  const errors = [{ path: 'oasVersion', message: 'must be 3.0 or 3.1' }];
  throw new ValidationFailed(errors, 'Could not retrieve schema. schema not found for version.');
};

const send = (reply: FastifyReply, { pretty }: SchemaQuery, content: object): void => {
  const body = { status: 'OK', message: '', ...content };
  sendJsonText(reply, JSON.stringify(body, null, pretty === undefined ? 0 : 2));
};
