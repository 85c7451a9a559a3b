import { Controller, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { StatusReply } from '@castellan/dto';
import type { PolicyRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { AskedFor } from '../http/query/query';
import { SpanRequest, type SpanContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendList } from '../http/text-reply';
import { resourceRoutes } from '../resources/resource-routes';
import { PoliciesService } from './policies.service';
import { policyExample } from './policy-example';
import { policyQuery, type PolicySearch } from './policy-query';
import { policyListItem } from './policy-reply';
import { PolicyDto, PolicyInput, PolicyListDto } from './policy.dto';

const routes = resourceRoutes<PolicyRow>({
  kind: 'policy',
  id: { name: 'id', description: 'Row id or explicit id', example: '5ead71205759610001818680' },
  input: PolicyInput,
  shown: PolicyDto,
  example: policyExample,
  get: { summary: 'Get a policy', description: 'By its row id or by an id of its own.' },
  create: {
    summary: 'Create a policy; `Message` is its `_id`',
    description:
      'The row id is kept where one is sent. Each API that it names has to exist, unless the organisation allows others.',
  },
  update: { summary: 'Replace a policy', description: 'What is left out is gone afterwards.' },
  remove: {
    summary: 'Delete a policy that no key applies',
    description: 'Gateways stop applying it within seconds. Keys that apply it stand in the way unless `force=true`.',
  },
  force: 'Delete it even while keys apply it',
  errors: [409],
  replies: {
    created: StatusReply,
    written: StatusReply,
    text: ({ document }) => document,
    create: ({ _id }) => new StatusReply(_id.toString()),
    update: () => new StatusReply('Data updated'),
    remove: () => new StatusReply('Data deleted'),
  },
});

@ApiTags('Policies')
@Controller('api/portal/policies')
export class PoliciesController extends routes {
  constructor(
    private readonly policies: PoliciesService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(policies);
  }

  override forces(): boolean {
    return this.config.deleteInUse === 'allow';
  }

  @Route.get('', {
    access: Requires('policies', 'read', 'List Policies'),
    id: 'listPolicies',
    summary: 'List policies, the newest first',
    description: 'Ten rows a page unless the installation says otherwise; `p=-1` gives all.',
    reply: PolicyListDto,
    listed: true,
    everywhere: true,
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(policyQuery) query: PolicySearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { rows, ...list } = await this.policies.page(context, query);
    sendList(reply, { rows: 'Data', pages: 'Pages' }, { ...list, texts: rows.map(policyListItem) });
  }

  @Route.get('search', {
    access: Requires('policies', 'read', 'Search Policies'),
    id: 'searchPolicies',
    summary: 'The same as the list, where clients look for a search',
    description: 'By a part of the name, with `q`.',
    reply: PolicyListDto,
    listed: true,
    everywhere: true,
  })
  async search(
    @SpanRequest() context: SpanContext,
    @AskedFor(policyQuery) query: PolicySearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.list(context, query, reply);
  }
}
