import { Body, Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext, SpanRequest, type SpanContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { text, tolerated } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { baseApiHeader, notesHeader } from '../http/header-docs';
import { Route } from '../http/route';
import { sendList, sendResource } from '../http/text-reply';
import { dryRunChanges, ValidReply } from '../resources/dry-run';
import { ApiListsService } from './api-lists.service';
import { ApiVersionsService } from './api-versions.service';
import { ApiCreatedReply, ApiListDto, ApiWrapper, ApiWrapperInput } from './api.dto';
import { sendNotes } from '../http/notes';
import { classicExample, exampleApiId } from './api-example';
import { parseObject } from './api-content';
import { demandClassic, refuseOasWrapper, refuseOtherKind } from './api-kind';
import { apiReply } from './api-reply';
import { ApisService } from './apis.service';
import { listApisQuery, searchApisQuery, type ApiSearch } from './list-query';
import { versionLinkOf, versionParameters, versionQuery } from './version-query';

const idParam = { name: 'id', description: 'Database id or api_id', example: exampleApiId };
/** Which resource a validated one would replace. */
const validateQuery = new RouteQuery({
  ...versionParameters,
  accept_additional_properties: tolerated('tyk-sync'),
  id: text({ description: 'The API that it would replace; a new one when left out' }),
});
const updateQuery = new RouteQuery({ accept_additional_properties: tolerated('tyk-sync') });
const listNames = { rows: 'apis', pages: 'pages' };

@ApiTags('API definitions')
@Controller('api/apis')
export class ApisController {
  constructor(
    private readonly apis: ApisService,
    private readonly lists: ApiListsService,
    private readonly versions: ApiVersionsService,
  ) {}

  @Route.get('', {
    access: Requires('apis', 'read', 'List APIs'),
    id: 'listApis',
    summary: 'List API definitions, the newest first',
    description:
      'Ten rows a page unless the installation says otherwise; `p=-1` gives all. Versions of an API are rows of their own.',
    reply: ApiListDto,
    listed: true,
    everywhere: true,
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(listApisQuery) query: ApiSearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, listNames, await this.lists.list(context, query));
  }

  @Route.get('search', {
    access: Requires('apis', 'read', 'Search APIs'),
    id: 'searchApis',
    summary: 'List the API definitions whose names hold a text',
    description: 'The same rows as the list, by a part of the name alone.',
    reply: ApiListDto,
    listed: true,
    everywhere: true,
  })
  async search(
    @SpanRequest() context: SpanContext,
    @AskedFor(searchApisQuery) query: ApiSearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, listNames, await this.lists.list(context, query));
  }

  @Route.get(':id', {
    access: Requires('apis', 'read', 'Get API'),
    id: 'getApi',
    summary: 'Get an API definition',
    description: 'By its database id or its `api_id`. An OAS API shows its document in `oas`.',
    replyHeaders: baseApiHeader,
    params: [idParam],
    reply: ApiWrapper,
    tagged: true,
    ofNone: true,
  })
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.versions.requireNamingBase(reply, context, id, this.apis.notFound());
    sendResource(reply, row.version, apiReply(row));
  }

  @Route.post('', {
    access: Requires('apis', 'write', 'Create API'),
    id: 'createApi',
    summary: 'Create an API definition, or a version of one',
    description:
      'An `api_id` that is sent is kept. Gateways serve the API within seconds. With `base_api_id` it becomes a version of that API. ' +
      'That of a super user who names no organisation belongs to none, and no gateway serves it, until a `PUT` names one.',
    example: classicExample,
    replyHeaders: notesHeader,
    body: ApiWrapperInput,
    reply: ApiCreatedReply,
    tagged: true,
    errors: [409],
    ofNone: true,
  })
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(versionQuery) query: Asked<typeof versionQuery>,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    refuseOasWrapper(parseObject(body));
    const row = await this.apis.create(context, body, versionLinkOf(query));
    sendNotes(reply, await this.apis.notesOf(row));
    return tagged(row, new StatusReply('API created', row._id.toString(), row.apiId));
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Route.post('validate', {
    access: Requires('apis', 'read', 'Validate API'),
    id: 'validateApi',
    summary: 'Check an API definition as a write would, and write nothing',
    description: 'Says every error that a write would, and what it would change.',
    example: classicExample,
    body: ApiWrapperInput,
    reply: ValidReply,
    errors: [404, 409],
  })
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(validateQuery) query: Asked<typeof validateQuery>,
    @Body() body: unknown,
  ): Promise<StatusReply> {
    const { id } = query;
    refuseOasWrapper(parseObject(body));
    if (id !== undefined) refuseOtherKind(await this.apis.require(context.organisation, id), 'classic');
    const link = id === undefined ? versionLinkOf(query) : null;
    const changes =
      link === null ? await this.apis.dryRun(context, body, id) : await this.apis.dryRunVersion(context, body, link);
    return new StatusReply('API is valid', { changes: await dryRunChanges(changes) });
  }

  @Route.put(':id', {
    access: Requires('apis', 'write', 'Update API'),
    id: 'updateApi',
    summary: 'Replace an API definition',
    description:
      'What is left out is gone afterwards. A replacement by the same is no change and makes no revision. A super user gives an ' +
      'API that has no organisation yet to one by naming it as `org_id`; one that has an organisation stays there.',
    example: classicExample,
    replyHeaders: notesHeader,
    params: [idParam],
    body: ApiWrapperInput,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
    ofNone: true,
  })
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @AskedFor(updateQuery) _query: Asked<typeof updateQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    refuseOasWrapper(parseObject(body));
    const given = context.user.isSuper ? await this.apis.adopt(context, id, body, precondition) : null;
    const row = given ?? (await this.apis.update(context, id, body, precondition, demandClassic));
    sendNotes(reply, await this.apis.notesOf(row));
    return tagged(row, new StatusReply('Api updated'));
  }

  @Route.delete(':id', {
    access: Requires('apis', 'write', 'Delete API'),
    id: 'deleteApi',
    summary: 'Delete an API definition',
    description: 'It can be restored from its history.',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
    ofNone: true,
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.apis.remove(context, id, precondition);
    return new StatusReply('API deleted');
  }
}
