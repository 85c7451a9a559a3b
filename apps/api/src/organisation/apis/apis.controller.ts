import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../../http/api-errors.decorator';
import { pageFrom } from '../../http/paging';
import { etagOf, IfMatch, Precondition } from '../../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { sendList, sendResource } from '../../http/text-reply';
import { ApiCreatedReply, ApiListDto, ApiWrapper, ApiWrapperInput } from './api.dto';
import { apiReply } from './api-reply';
import { ApisService } from './apis.service';

const idParam = { name: 'id', description: 'Database id or api_id', example: '54c24242eba6db1c9a000002' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };

@ApiTags('API definitions')
@Controller('api/apis')
export class ApisController {
  constructor(private readonly apis: ApisService) {}

  @Get()
  @Requires('apis', 'read', 'List APIs')
  @ApiOperation({ operationId: 'listApis', summary: 'List API definitions, the newest first' })
  @ApiQuery({ name: 'p', required: false, description: 'Page, from 1; a negative number gives everything' })
  @ApiOkResponse({ type: ApiListDto })
  @ApiErrors(401, 403)
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @Res() reply: FastifyReply,
    @Query('p') p?: string,
  ): Promise<void> {
    const { rows, pages } = await this.apis.list(context, pageFrom(p));
    sendList(reply, { rows: 'apis', pages: 'pages' }, rows.map(apiReply), pages);
  }

  @Get(':id')
  @Requires('apis', 'read', 'Get API')
  @ApiOperation({ operationId: 'getApi', summary: 'Get an API definition' })
  @ApiParam(idParam)
  @ApiOkResponse({ type: ApiWrapper })
  @ApiErrors(401, 403, 404)
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.apis.require(context.organisation, id);
    sendResource(reply, row.version, apiReply(row));
  }

  @Post()
  @HttpCode(200)
  @Requires('apis', 'write', 'Create API')
  @ApiOperation({ operationId: 'createApi', summary: 'Create an API definition' })
  @ApiBody({ type: ApiWrapperInput })
  @ApiOkResponse({ type: ApiCreatedReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.apis.create(context, body);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('API created', row._id.toString(), row.apiId);
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
    const row = await this.apis.update(context, id, body, precondition);
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
