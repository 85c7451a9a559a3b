import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { sendList, sendResource } from '../http/text-reply';
import { rehearsedChange, ValidReply } from '../resources/rehearsal';
import { ApiListsService } from './api-lists.service';
import { ApiVersionsService } from './api-versions.service';
import { ApiCreatedReply, ApiListDto, ApiWrapper, ApiWrapperInput } from './api.dto';
import { parseObject } from './api-content';
import { refuseOasWrapper, refuseOtherKind } from './api-kind';
import { apiReply } from './api-reply';
import { ApisService } from './apis.service';
import { ListApisQuery, SearchApisQuery } from './list-query';
import { versionLinkOf, VersionQuery } from './version-query';

const idParam = { name: 'id', description: 'Database id or api_id', example: '54c24242eba6db1c9a000002' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };
const listNames = { rows: 'apis', pages: 'pages' };

@ApiTags('API definitions')
@Controller('api/apis')
export class ApisController {
  constructor(
    private readonly apis: ApisService,
    private readonly catalogue: ApiListsService,
    private readonly versions: ApiVersionsService,
  ) {}

  @Get()
  @Requires('apis', 'read', 'List APIs')
  @ApiOperation({ operationId: 'listApis', summary: 'List API definitions, the newest first' })
  @ApiOkResponse({ type: ApiListDto })
  @ApiErrors(400, 401, 403)
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Query() query: ListApisQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { texts, pages } = await this.catalogue.list(organisation, query);
    sendList(reply, listNames, texts, pages);
  }

  @Get('search')
  @Requires('apis', 'read', 'Search APIs')
  @ApiOperation({ operationId: 'searchApis', summary: 'List the API definitions whose names hold a text' })
  @ApiOkResponse({ type: ApiListDto })
  @ApiErrors(400, 401, 403)
  async search(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Query() query: SearchApisQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { texts, pages } = await this.catalogue.list(organisation, query);
    sendList(reply, listNames, texts, pages);
  }

  @Get(':id')
  @Requires('apis', 'read', 'Get API')
  @ApiOperation({
    operationId: 'getApi',
    summary: 'Get an API definition; `x-tyk-base-api-id` names the API that it is a version of',
  })
  @ApiParam(idParam)
  @ApiOkResponse({ type: ApiWrapper })
  @ApiErrors(401, 403, 404)
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.apis.require(organisation, id);
    await this.versions.nameBase(reply, organisation, row);
    sendResource(reply, row.version, apiReply(row));
  }

  @Post()
  @HttpCode(200)
  @Requires('apis', 'write', 'Create API')
  @ApiOperation({ operationId: 'createApi', summary: 'Create an API definition, or a version of one' })
  @ApiBody({ type: ApiWrapperInput })
  @ApiOkResponse({ type: ApiCreatedReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: VersionQuery,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    refuseOasWrapper(parseObject(body));
    const row = await this.apis.create(context, body, versionLinkOf(query));
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('API created', row._id.toString(), row.apiId);
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Post('validate')
  @HttpCode(200)
  @Requires('apis', 'read', 'Validate API')
  @ApiOperation({ operationId: 'validateApi', summary: 'Check an API definition as a write would, and write nothing' })
  @ApiQuery({ name: 'id', required: false, description: 'The API that it would replace; a new one when left out' })
  @ApiBody({ type: ApiWrapperInput })
  @ApiOkResponse({ type: ValidReply })
  @ApiErrors(400, 401, 403, 404, 409, 413)
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: VersionQuery,
    @Body() body: unknown,
    @Query('id') id?: string,
  ): Promise<StatusReply> {
    refuseOasWrapper(parseObject(body));
    if (id !== undefined) refuseOtherKind(await this.apis.require(context.organisation, id), 'classic');
    const link = id === undefined ? versionLinkOf(query) : null;
    const changes =
      link === null ? await this.apis.tryOut(context, body, id) : await this.apis.tryOutVersion(context, body, link);
    return new StatusReply('API is valid', { changes: changes.map(rehearsedChange) });
  }

  @Put(':id')
  @Requires('apis', 'write', 'Update API')
  @ApiOperation({ operationId: 'updateApi', summary: 'Replace an API definition' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiBody({ type: ApiWrapperInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 413, 428)
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    refuseOasWrapper(parseObject(body));
    const row = await this.apis.update(context, id, body, precondition, 'classic');
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Api updated');
  }

  @Delete(':id')
  @Requires('apis', 'write', 'Delete API')
  @ApiOperation({ operationId: 'deleteApi', summary: 'Delete an API definition' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(401, 403, 404, 412, 428)
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.apis.remove(context, id, precondition);
    return new StatusReply('API deleted');
  }
}
