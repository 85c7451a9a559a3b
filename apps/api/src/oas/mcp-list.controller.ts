import { Controller, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { int32 } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { SpanRequest, type SpanContext } from '../http/request-context';
import { listParameters } from '../http/paging';
import { oneOf, search } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { sendList } from '../http/text-reply';
import { ApiListsService } from '../apis/api-lists.service';
import { listOrders } from '../apis/listing';
import { openApiDocument } from './oas.dto';
import { OasService } from './oas.service';

const listQuery = new RouteQuery({
  ...listParameters,
  q: search({ description: 'Part of the name, in upper or lower case' }),
  sort: oneOf(listOrders, { description: 'The newest first when left out' }),
});

/** The list of MCP proxies, as documents. */
@ApiTags('MCP proxies')
@Controller('api/mcps')
export class McpListController {
  constructor(
    private readonly lists: ApiListsService,
    private readonly oas: OasService,
  ) {}

  @Route.get('', {
    access: Requires('apis', 'read', 'List MCP Proxies'),
    id: 'listMcps',
    summary: 'List MCP proxies, the newest first',
    reply: {
      schema: {
        type: 'object',
        required: ['mcps', 'pages'],
        properties: { mcps: { type: 'array', items: openApiDocument }, pages: { ...int32, example: 1 } },
      },
    },
    listed: true,
    everywhere: true,
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.lists.list(context, { ...query, api_type: 'mcp' }, (row) =>
      JSON.stringify(this.oas.documentOf(row)),
    );
    sendList(reply, { rows: 'mcps', pages: 'pages' }, found);
  }
}
