import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { pageFrom } from '../http/paging';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { sendList, sendResource } from '../http/text-reply';
import { webhookReply } from './webhook-reply';
import { WebhookDto, WebhookInput, WebhookListDto } from './webhook.dto';
import { WebhooksService } from './webhooks.service';

const idParam = { name: 'id', example: '54be6c0beba6db07a6000002' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };

@ApiTags('Web hooks')
@Controller('api/hooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @Requires('hooks', 'read', 'List Hooks')
  @ApiOperation({ operationId: 'listHooks', summary: 'List web hooks, the newest first' })
  @ApiQuery({ name: 'p', required: false, description: 'Page, from 1; a negative number gives everything' })
  @ApiOkResponse({ type: WebhookListDto })
  @ApiErrors(401, 403)
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @Res() reply: FastifyReply,
    @Query('p') p?: string,
  ): Promise<void> {
    const { rows, pages } = await this.webhooks.list(context, pageFrom(p));
    sendList(reply, { rows: 'hooks', pages: 'pages' }, rows.map(webhookReply), pages);
  }

  @Get(':id')
  @Requires('hooks', 'read', 'Get Hook')
  @ApiOperation({ operationId: 'getHook', summary: 'Get a web hook' })
  @ApiParam(idParam)
  @ApiOkResponse({ type: WebhookDto })
  @ApiErrors(401, 403, 404)
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.webhooks.require(context.organisation, id);
    sendResource(reply, row.version, webhookReply(row));
  }

  @Post()
  @HttpCode(200)
  @Requires('hooks', 'write', 'Create Hook')
  @ApiOperation({ operationId: 'createHook', summary: 'Create a web hook; `Meta` is its id' })
  @ApiBody({ type: WebhookInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.webhooks.create(context, body);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Webhook created', row._id.toString());
  }

  @Put(':id')
  @Requires('hooks', 'write', 'Update Hook')
  @ApiOperation({ operationId: 'updateHook', summary: 'Replace a web hook, and refresh the APIs that refer to it' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiBody({ type: WebhookInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 413, 428)
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.webhooks.update(context, id, body, precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Webhook updated');
  }

  @Delete(':id')
  @Requires('hooks', 'write', 'Delete Hook')
  @ApiOperation({ operationId: 'deleteHook', summary: 'Delete a web hook that no API refers to' })
  @ApiParam(idParam)
  @ApiQuery({ name: 'force', required: false, description: '`true` takes it out of the APIs that refer to it' })
  @ApiHeader(ifMatch)
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(401, 403, 404, 409, 412, 428)
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @Query('force') force?: string,
  ): Promise<StatusReply> {
    await this.webhooks.remove(context, id, precondition, { force: force === 'true' });
    return new StatusReply('Webhook deleted');
  }
}
