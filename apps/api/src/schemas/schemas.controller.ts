import { Controller, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { anyObject, ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { oneOf, presence, text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import type { Schema } from '../http/media-docs';
import { Route } from '../http/route';
import { definitionSchema, oasApiSchema } from '@castellan/tyk';
import { sendJsonText } from '../http/text-reply';

const pretty = presence({ description: 'Indented' });
const prettyQuery = new RouteQuery({ pretty });
const schemaQuery = new RouteQuery({
  oasVersion: text({ description: 'Version of OpenAPI: 3.0 or 3.1', example: '3.0', maxLength: 16 }),
  pretty,
});
const mcpQuery = new RouteQuery({ mcpVersion: oneOf(['latest'], { description: 'There is one' }) });
type SchemaAsked = Asked<typeof schemaQuery>;

const wrapped = (name: string, description: string): { schema: Schema } => ({
  schema: {
    type: 'object',
    required: ['status', 'message', name],
    properties: {
      status: { type: 'string', example: 'OK' },
      message: { type: 'string' },
      [name]: { ...anyObject, description, example: {} },
    },
  },
});
const schemaReply = wrapped('schema', 'JSON Schema');

/**
 * The JSON Schemas that definitions are checked by, in the reply that clients of Tyk know
 * (docs/tyk/management.md#schemas).
 */
@ApiTags('Schemas')
@Controller('api')
export class SchemasController {
  @Route.get('schema', {
    access: Requires('apis', 'read', 'Get schema'),
    id: 'getSchema',
    summary: 'The schema of OAS APIs',
    description: 'The same as `getOasSchema`, where older tools look for it.',
    reply: schemaReply,
  })
  schema(@AskedFor(schemaQuery) query: SchemaAsked, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: oasSchema(query) });
  }

  @Route.get('schemas/apidefs', {
    access: Requires('apis', 'read', 'List schemas'),
    id: 'listApiSchemas',
    summary: 'The schemas of every kind of API',
    description: 'By the name of the kind.',
    reply: wrapped('schemas', 'JSON Schemas, by kind'),
  })
  schemas(@AskedFor(schemaQuery) query: SchemaAsked, @Res() reply: FastifyReply): void {
    const oas = oasSchema(query);
    // Streams are OAS documents with one more extension, which nodes check themselves.
    send(reply, query, { schemas: { oas, streamsOAS: oas, classic: definitionSchema } });
  }

  @Route.get('schemas/apidefs/oas', {
    access: Requires('apis', 'read', 'Get schema'),
    id: 'getOasSchema',
    summary: 'The schema of OAS APIs',
    description: 'Of OpenAPI 3.0 unless `oasVersion` says 3.1.',
    reply: schemaReply,
  })
  oas(@AskedFor(schemaQuery) query: SchemaAsked, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: oasSchema(query) });
  }

  /** Streams are OAS documents with one more extension, which nodes check themselves. */
  @Route.get('schemas/apidefs/streams-oas', {
    access: Requires('apis', 'read', 'Get schema'),
    id: 'getStreamsSchema',
    summary: 'The schema of Streams APIs',
    description: 'That of OAS APIs: the extension of streams is checked by gateways.',
    reply: schemaReply,
  })
  streams(@AskedFor(schemaQuery) query: SchemaAsked, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: oasSchema(query) });
  }

  /** The schema itself: clients of this one expect no wrapper around it. */
  @Route.get('schemas/apidefs/mcp', {
    access: Requires('apis', 'read', 'Get schema'),
    id: 'getMcpSchema',
    summary: 'The schema of MCP proxies, which are OAS APIs',
    description: 'The schema itself: clients of this one expect no wrapper around it.',
    reply: { schema: { ...anyObject, description: 'JSON Schema', example: {} } },
  })
  mcp(@AskedFor(mcpQuery) _query: Asked<typeof mcpQuery>, @Res() reply: FastifyReply): void {
    sendJsonText(reply, JSON.stringify(oasSchema({ oasVersion: undefined, pretty: false })));
  }

  @Route.get('schemas/apidefs/classic', {
    access: Requires('apis', 'read', 'Get schema'),
    id: 'getClassicSchema',
    summary: 'The schema of classic API definitions',
    description: 'Strict about the types of known fields; unknown ones are kept.',
    reply: schemaReply,
  })
  classic(@AskedFor(prettyQuery) query: Pick<SchemaAsked, 'pretty'>, @Res() reply: FastifyReply): void {
    send(reply, query, { schema: definitionSchema });
  }
}

const oasSchema = ({ oasVersion }: SchemaAsked): Readonly<Record<string, unknown>> => {
  const schema = oasApiSchema(oasVersion);
  if (schema !== undefined) return schema;
  const errors = [{ path: 'oasVersion', message: 'must be 3.0 or 3.1' }];
  throw new ValidationFailed(errors, 'Could not retrieve schema. schema not found for version.');
};

const send = (reply: FastifyReply, { pretty: isPretty }: Pick<SchemaAsked, 'pretty'>, content: object): void => {
  const body = { status: 'OK', message: '', ...content };
  sendJsonText(reply, JSON.stringify(body, null, isPretty ? 2 : 0));
};
