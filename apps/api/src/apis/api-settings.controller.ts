import { Body, Controller, Get, Param, Put, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { ApiListsService } from './api-lists.service';
import { ApiSettingsService, type ApiAccess } from './api-settings.service';
import { AccessDto, CategoriesDto, CategoryCountsDto } from './api.dto';

const idParam = { name: 'id', description: 'Database id or api_id', example: '54c24242eba6db1c9a000002' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };

/** Categories and owners of APIs. */
@ApiTags('API definitions')
@ApiExtraModels(CategoriesDto)
@Controller('api/apis')
export class ApiSettingsController {
  constructor(
    private readonly settings: ApiSettingsService,
    private readonly catalogue: ApiListsService,
  ) {}

  @Get('categories')
  @Requires('apis', 'read', 'List API Categories')
  @ApiOperation({ operationId: 'listApiCategories', summary: 'Every category, and how many APIs are in it' })
  @ApiOkResponse({ type: CategoryCountsDto })
  @ApiErrors(401, 403)
  async allCategories(@OrganisationRequest() { organisation }: OrganisationContext): Promise<CategoryCountsDto> {
    return { categories: await this.catalogue.categories(organisation) };
  }

  @Get('groups')
  @Requires('apis', 'read', 'List API Groups')
  @ApiOperation({ operationId: 'listApiGroups', summary: 'Every category, and the api_ids of the APIs in it' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } } })
  @ApiErrors(401, 403)
  async groups(
    @OrganisationRequest() { organisation }: OrganisationContext,
  ): Promise<Readonly<Record<string, readonly string[]>>> {
    return this.catalogue.groups(organisation);
  }

  @Get(':id/categories')
  @Requires('apis', 'read', 'Get API Categories')
  @ApiOperation({ operationId: 'getApiCategories', summary: 'The categories of an API' })
  @ApiParam(idParam)
  @ApiOkResponse({ type: CategoriesDto })
  @ApiErrors(401, 403, 404)
  async categories(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<CategoriesDto> {
    return { categories: await this.settings.categories(organisation, id) };
  }

  @Put(':id/categories')
  @Requires('apis', 'write', 'Update API Categories')
  @ApiOperation({ operationId: 'updateApiCategories', summary: 'Replace the categories of an API' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiBody({ type: CategoriesDto })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 428)
  async setCategories(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { categories }: CategoriesDto,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.settings.setCategories(context, id, categories ?? [], precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('API categories updated.');
  }

  @Get(':id/access')
  @Requires('apis', 'read', 'Get API Access')
  @ApiOperation({ operationId: 'getApiAccess', summary: 'The users and user groups that own an API' })
  @ApiParam(idParam)
  @ApiOkResponse({ type: AccessDto })
  @ApiErrors(401, 403, 404)
  async access(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<ApiAccess> {
    return this.settings.access(organisation, id);
  }

  @Put(':id/access')
  @Requires('apis', 'write', 'Update API Access')
  @ApiOperation({ operationId: 'updateApiAccess', summary: 'Replace the users and user groups that own an API' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiBody({ type: AccessDto })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 412, 428)
  async setAccess(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { userIds, userGroupIds }: AccessDto,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const access = { userIds: userIds ?? [], userGroupIds: userGroupIds ?? [] };
    const row = await this.settings.setAccess(context, id, access, precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('API access updated');
  }
}
