import { Body, Controller, Inject, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { IdReply, StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { listParameters, placeOf } from '../http/paging';
import { decisiveChoice } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { sendList, sendResource } from '../http/text-reply';
import { WebhookDto, WebhookInput, WebhookListDto } from './webhook.dto';
import { hookExample } from './webhook-example';
import { WebhooksService } from './webhooks.service';

const listQuery = new RouteQuery(listParameters);
const removeQuery = new RouteQuery({
  force: decisiveChoice({
    description: 'Take it out of the APIs that refer to it; left out, what `CASTELLAN_DELETE_IN_USE` says',
  }),
});
const idParam = { name: 'id', description: 'Id of the web hook', example: '54be6c0beba6db07a6000002' };

@ApiTags('Web hooks')
@Controller('api/hooks')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.get('', {
    access: Requires('hooks', 'read', 'List Hooks'),
    id: 'listHooks',
    summary: 'List web hooks, the newest first',
    description: 'Ten rows a page unless the installation says otherwise; `p=-1` gives all.',
    reply: WebhookListDto,
    listed: true,
  })
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, { rows: 'hooks', pages: 'pages' }, await this.webhooks.list(context, placeOf(query)));
  }

  @Route.get(':id', {
    access: Requires('hooks', 'read', 'Get Hook'),
    id: 'getHook',
    summary: 'Get a web hook',
    description: 'By its database id.',
    params: [idParam],
    reply: WebhookDto,
    tagged: true,
  })
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.webhooks.require(context.organisation, id);
    sendResource(reply, row.version, row.document);
  }

  @Route.post('', {
    access: Requires('hooks', 'write', 'Create Hook'),
    id: 'createHook',
    summary: 'Create a web hook; `Meta` is its id',
    description: 'Gateways call it once an API refers to it.',
    example: hookExample,
    body: WebhookInput,
    reply: IdReply,
    tagged: true,
    errors: [409],
  })
  async create(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<unknown> {
    const row = await this.webhooks.create(context, body);
    return tagged(row, new StatusReply('Webhook created', row._id.toString()));
  }

  @Route.put(':id', {
    access: Requires('hooks', 'write', 'Update Hook'),
    id: 'updateHook',
    summary: 'Replace a web hook, and refresh the APIs that refer to it',
    description: 'What is left out is gone afterwards.',
    example: hookExample,
    params: [idParam],
    body: WebhookInput,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.webhooks.update(context, id, body, precondition);
    return tagged(row, new StatusReply('Webhook updated'));
  }

  @Route.delete(':id', {
    access: Requires('hooks', 'write', 'Delete Hook'),
    id: 'deleteHook',
    summary: 'Delete a web hook that no API refers to',
    description: 'With `force=true` it is taken out of the APIs that refer to it.',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
    errors: [409],
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @AskedFor(removeQuery) { force }: Asked<typeof removeQuery>,
  ): Promise<StatusReply> {
    await this.webhooks.remove(context, id, precondition, { force: force ?? this.config.deleteInUse === 'allow' });
    return new StatusReply('Webhook deleted');
  }
}
