import { Body, Controller, Inject, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { decisiveChoice, text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { sendList, sendResource } from '../http/text-reply';
import { dryRunChange, ValidReply } from '../resources/dry-run';
import { PoliciesService } from './policies.service';
import { policyQuery, type PolicySearch } from './policy-query';
import { policyExample } from './policy-example';
import { policyListItem } from './policy-reply';
import { PolicyDto, PolicyInput, PolicyListDto } from './policy.dto';

const validateQuery = new RouteQuery({
  id: text({ description: 'The policy that it would replace; none for a new one' }),
});
const removeQuery = new RouteQuery({
  force: decisiveChoice({
    description: 'Delete it even while keys apply it; left out, what `CASTELLAN_DELETE_IN_USE` says',
  }),
});
const idParam = { name: 'id', description: 'Row id or explicit id', example: '5ead71205759610001818680' };

@ApiTags('Policies')
@Controller('api/portal/policies')
export class PoliciesController {
  constructor(
    private readonly policies: PoliciesService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.get('', {
    access: Requires('policies', 'read', 'List Policies'),
    id: 'listPolicies',
    summary: 'List policies, the newest first',
    description: 'Ten rows a page unless the installation says otherwise; `p=-1` gives all.',
    reply: PolicyListDto,
    listed: true,
  })
  async list(
    @OrganisationRequest() context: OrganisationContext,
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
  })
  async search(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(policyQuery) query: PolicySearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.list(context, query, reply);
  }

  /** Asks for no more than the right to read: it changes nothing, and pipelines that only propose should hold no more. */
  @Route.post('validate', {
    access: Requires('policies', 'read', 'Validate Policy'),
    id: 'validatePolicy',
    summary: 'Check everything that a write would, and write nothing',
    description: 'Says every error that a write would, and what it would change.',
    example: policyExample,
    body: PolicyInput,
    reply: ValidReply,
    errors: [404, 409],
  })
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @AskedFor(validateQuery) { id }: Asked<typeof validateQuery>,
  ): Promise<StatusReply> {
    const changes = await this.policies.dryRun(context, body, id);
    return new StatusReply('Policy is valid', { changes: changes.map(dryRunChange) });
  }

  @Route.get(':id', {
    access: Requires('policies', 'read', 'Get Policy'),
    id: 'getPolicy',
    summary: 'Get a policy',
    description: 'By its row id or by an id of its own.',
    params: [idParam],
    reply: PolicyDto,
    tagged: true,
  })
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.policies.require(context.organisation, id);
    sendResource(reply, row.version, row.document);
  }

  @Route.post('', {
    access: Requires('policies', 'write', 'Create Policy'),
    id: 'createPolicy',
    summary: 'Create a policy; `Message` is its `_id`',
    description:
      'The row id is kept where one is sent. Each API that it names has to exist, unless the organisation allows others.',
    example: policyExample,
    body: PolicyInput,
    reply: StatusReply,
    tagged: true,
    errors: [409],
  })
  async create(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<unknown> {
    const row = await this.policies.create(context, body);
    return tagged(row, new StatusReply(row._id.toString()));
  }

  @Route.put(':id', {
    access: Requires('policies', 'write', 'Update Policy'),
    id: 'updatePolicy',
    summary: 'Replace a policy',
    description: 'What is left out is gone afterwards.',
    example: policyExample,
    params: [idParam],
    body: PolicyInput,
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
    const row = await this.policies.update(context, id, body, precondition);
    return tagged(row, new StatusReply('Data updated'));
  }

  @Route.delete(':id', {
    access: Requires('policies', 'write', 'Delete Policy'),
    id: 'deletePolicy',
    summary: 'Delete a policy that no key applies',
    description: 'Gateways stop applying it within seconds. Keys that apply it stand in the way unless `force=true`.',
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
    await this.policies.remove(context, id, precondition, { force: force ?? this.config.deleteInUse === 'allow' });
    return new StatusReply('Data deleted');
  }
}
