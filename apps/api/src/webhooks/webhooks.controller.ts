import { Controller, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { IdReply, StatusReply } from '@castellan/dto';
import type { WebhookRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { listParameters, placeOf } from '../http/paging';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { SpanRequest, type SpanContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendList } from '../http/text-reply';
import { resourceRoutes } from '../resources/resource-routes';
import { hookExample } from './webhook-example';
import { WebhookDto, WebhookInput, WebhookListDto } from './webhook.dto';
import { WebhooksService } from './webhooks.service';

const listQuery = new RouteQuery(listParameters);
const routes = resourceRoutes<WebhookRow>({
  kind: 'webhook',
  called: 'Webhook',
  id: { name: 'id', description: 'Id of the web hook', example: '54be6c0beba6db07a6000002' },
  input: WebhookInput,
  shown: WebhookDto,
  example: hookExample,
  get: { summary: 'Get a web hook', description: 'By its database id.' },
  create: {
    summary: 'Create a web hook; `Meta` is its id',
    description: 'Gateways call it once an API refers to it.',
  },
  update: {
    summary: 'Replace a web hook, and refresh the APIs that refer to it',
    description: 'What is left out is gone afterwards.',
  },
  remove: {
    summary: 'Delete a web hook that no API refers to',
    description: 'With `force=true` it is taken out of the APIs that refer to it.',
  },
  force: 'Take it out of the APIs that refer to it',
  errors: [409],
  replies: {
    created: IdReply,
    written: StatusReply,
    text: ({ document }) => document,
    create: ({ _id }) => new StatusReply('Webhook created', _id.toString()),
    update: () => new StatusReply('Webhook updated'),
    remove: () => new StatusReply('Webhook deleted'),
  },
});

@ApiTags('Web hooks')
@Controller('api/hooks')
export class WebhooksController extends routes {
  constructor(
    private readonly webhooks: WebhooksService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(webhooks);
  }

  override forces(): boolean {
    return this.config.deleteInUse === 'allow';
  }

  @Route.get('', {
    access: Requires('hooks', 'read', 'List Hooks'),
    id: 'listHooks',
    summary: 'List web hooks, the newest first',
    description: 'Ten rows a page unless the installation says otherwise; `p=-1` gives all.',
    reply: WebhookListDto,
    listed: true,
    everywhere: true,
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, { rows: 'hooks', pages: 'pages' }, await this.webhooks.list(context, placeOf(query)));
  }
}
