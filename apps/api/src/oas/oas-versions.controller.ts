import { Body, Controller, Get, Param, Patch, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { CategoriesDto } from '../apis/api.dto';
import { ApiSettingsService } from '../apis/api-settings.service';
import { OasVersionsQuery, VersionListDto } from './oas.dto';
import { OasVersionsService } from './oas-versions.service';

const idParam = { name: 'id', description: 'Database id or api_id' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };

/** What stands around an OAS API: its versions and its categories. */
@ApiTags('OAS APIs')
@Controller('api/apis/oas')
export class OasVersionsController {
  constructor(
    private readonly versions: OasVersionsService,
    private readonly settings: ApiSettingsService,
  ) {}

  @Get(':id/versions')
  @Requires('apis', 'read', 'List OAS API Versions')
  @ApiOperation({
    operationId: 'listOasApiVersions',
    summary: 'Every version of the API that this one is a version of',
  })
  @ApiParam(idParam)
  @ApiOkResponse({ type: VersionListDto })
  @ApiErrors(400, 401, 403, 404)
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Query() { searchText = '', accessType = '' }: OasVersionsQuery,
  ): Promise<VersionListDto> {
    return { apis: await this.versions.list(organisation, id, { searchText, accessType }), pages: 1 };
  }

  @Patch(':id/rebase/:next')
  @Requires('apis', 'write', 'Rebase OAS API')
  @ApiOperation({ operationId: 'rebaseOasApi', summary: 'Make a version the base, and the base one of its versions' })
  @ApiParam({ ...idParam, description: 'Database id or api_id of the base' })
  @ApiParam({ name: 'next', description: 'Database id or api_id of the version' })
  @ApiHeader({ ...ifMatch, description: 'Only when the version of the base is still this one' })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 412, 428)
  async rebase(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Param('next') next: string,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.versions.rebase(context, id, next, precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('API converted successfully');
  }

  @Get(':id/categories')
  @Requires('apis', 'read', 'Get API Categories')
  @ApiOperation({ operationId: 'getOasApiCategories', summary: 'The categories of an OAS API' })
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
  @ApiOperation({ operationId: 'updateOasApiCategories', summary: 'Replace the categories of an OAS API' })
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
}
