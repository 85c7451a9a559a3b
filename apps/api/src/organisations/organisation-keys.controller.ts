import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply, ValidationFailed } from '@castellan/dto';
import { OperatorOnly } from '@castellan/rbac';
import type { JsonObject } from '@castellan/tyk';
import { listParameters, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { flag } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OperatorContext, OperatorRequest } from '../http/request-context';
import { Route } from '../http/route';
import { KeyListDto, KeyReplyDto, sessionBody } from '../keys/key.dto';
import { OrganisationSessions } from '../keys/organisation-sessions';
import { organisationSessionIn } from './organisation-session';
import { OrganisationsService } from './organisations.service';

const listQuery = new RouteQuery(listParameters);
const updateQuery = new RouteQuery({
  reset_quota: flag({ description: 'Let the quota of the organisation begin anew' }),
});
const idParam = { name: 'id', description: 'Id of the organisation', example: '54b53d3aeba6db5c35000002' };
const example = { org_id: '54b53d3aeba6db5c35000002', quota_max: 100_000, quota_renewal_rate: 86_400 };

/**
 * Limits of organisations as a whole, which nodes with `enforce_org_quotas` obey. Every organisation has such a session; without
 * limits it says so.
 */
@ApiTags('Organisations')
@Controller('admin/org/keys')
export class OrganisationKeysController {
  constructor(
    private readonly organisations: OrganisationsService,
    private readonly sessions: OrganisationSessions,
  ) {}

  @Route.get('', {
    access: OperatorOnly('List Organisation Keys'),
    id: 'listOrganisationKeys',
    summary: 'Ids of organisations, each of which has a session',
    reply: KeyListDto,
    listed: true,
  })
  async list(@AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    const { list, total, next } = await this.organisations.list(placeOf(query));
    const { organisations, pages } = list;
    return piece(next, { data: { keys: organisations.map(({ id }) => id) }, pages, total });
  }

  @Route.post('', {
    access: OperatorOnly('Create Organisation Key'),
    id: 'createOrganisationKey',
    summary: 'Limit the organisation that `org_id` names as a whole',
    body: sessionBody,
    example,
    reply: KeyReplyDto,
    tagged: true,
    errors: [404],
  })
  async create(@OperatorRequest() context: OperatorContext, @Body() body: unknown): Promise<unknown> {
    const content = await sessionBodyOf(body);
    const id = content.organisation;
    if (id === '') throw new ValidationFailed([{ path: 'org_id', message: 'is required' }]);
    const row = await this.organisations.setSession(context, id, content.session, Precondition.none);
    return tagged(row, await this.reply(id));
  }

  @Route.get(':id', {
    access: OperatorOnly('Get Organisation Key'),
    id: 'getOrganisationKey',
    summary: 'Get the session of an organisation as nodes have it, and what its quota has counted',
    params: [idParam],
    reply: KeyReplyDto,
    tagged: true,
  })
  async get(@Param('id') id: string): Promise<unknown> {
    return tagged(await this.organisations.row(id), await this.reply(id));
  }

  @Route.put(':id', {
    access: OperatorOnly('Update Organisation Key'),
    id: 'updateOrganisationKey',
    summary: 'Limit an organisation as a whole',
    description: 'What is left out is not limited.',
    params: [idParam],
    body: sessionBody,
    example,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
  })
  async update(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @AskedFor(updateQuery) { reset_quota }: Asked<typeof updateQuery>,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const { organisation, session } = await sessionBodyOf(body);
    if (organisation !== '' && organisation !== id) {
      throw new ValidationFailed([{ path: 'org_id', message: 'must be the organisation that the path names' }]);
    }
    const row = await this.organisations.setSession(context, id, session, precondition);
    if (reset_quota) await this.sessions.resetQuota(id);
    return tagged(row, new StatusReply('Key updated'));
  }

  @Route.delete(':id', {
    access: OperatorOnly('Delete Organisation Key'),
    id: 'deleteOrganisationKey',
    summary: 'Limit an organisation no more',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
  })
  async remove(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.organisations.setSession(context, id, null, precondition);
    return new StatusReply('Key deleted successfully');
  }

  private async reply(id: string): Promise<KeyReplyDto> {
    const live = await this.sessions.live(id);
    const { session, used } = live ?? { session: {}, used: 0 };
    return { api_model: {}, key_id: id, data: session, key_hash: id, explanation: [], counters: { used } };
  }
}

/** @throws ValidationFailed */
async function sessionBodyOf(body: unknown): Promise<{ organisation: string; session: JsonObject }> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationFailed([{ path: '', message: 'must be a JSON object' }], 'Request body malformed.');
  }
  const organisation = 'org_id' in body && typeof body.org_id === 'string' ? body.org_id : '';
  return { organisation, session: await organisationSessionIn(body) };
}
