import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { AdminOnly } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { pageFrom } from '../http/paging';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { AdminContext, AdminRequest } from '../http/request-context';
import { OrganisationDto, OrganisationInput, OrganisationListDto } from './organisation.dto';
import { OrganisationsService } from './organisations.service';

@ApiTags('Organisations')
@Controller('admin/organisations')
export class OrganisationsController {
  constructor(private readonly organisations: OrganisationsService) {}

  @Get()
  @AdminOnly('List Organisations')
  @ApiOperation({ operationId: 'listOrganisations', summary: 'List organisations' })
  @ApiQuery({ name: 'p', required: false, description: 'Page, from 1; a negative number gives everything' })
  @ApiOkResponse({ type: OrganisationListDto })
  @ApiErrors(401, 429)
  async list(@Query('p') p?: string): Promise<OrganisationListDto> {
    return this.organisations.list(pageFrom(p));
  }

  @Get(':id')
  @AdminOnly('Get Organisation')
  @ApiOperation({ operationId: 'getOrganisation', summary: 'Get an organisation' })
  @ApiParam({ name: 'id', example: '54b53d3aeba6db5c35000002' })
  @ApiOkResponse({ type: OrganisationDto })
  @ApiErrors(401, 404, 429)
  async get(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<OrganisationDto> {
    const organisation = await this.organisations.get(id);
    void reply.header('etag', etagOf(organisation.version));
    return organisation;
  }

  @Post()
  @HttpCode(200)
  @AdminOnly('Create Organisation')
  @ApiOperation({ operationId: 'createOrganisation', summary: 'Create an organisation; Meta is its id' })
  @ApiBody({ type: OrganisationInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 413, 429)
  async create(
    @AdminRequest() context: AdminContext,
    @Body() input: OrganisationInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.organisations.create(context, input);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Org created', row._id.toString());
  }

  @Put(':id')
  @AdminOnly('Update Organisation')
  @ApiOperation({ operationId: 'updateOrganisation', summary: 'Replace an organisation' })
  @ApiParam({ name: 'id', example: '54b53d3aeba6db5c35000002' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only when the version is still this one' })
  @ApiBody({ type: OrganisationInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 404, 412, 413, 429)
  async update(
    @AdminRequest() context: AdminContext,
    @Param('id') id: string,
    @Body() input: OrganisationInput,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.organisations.update(context, id, input, precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Org updated');
  }

  @Delete(':id')
  @AdminOnly('Delete Organisation')
  @ApiOperation({ operationId: 'deleteOrganisation', summary: 'Delete an organisation and its users' })
  @ApiParam({ name: 'id', example: '54b53d3aeba6db5c35000002' })
  @ApiQuery({ name: 'force', required: false, description: '`true` deletes its APIs, policies and hooks too' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only when the version is still this one' })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(401, 404, 409, 412, 429)
  async remove(
    @AdminRequest() context: AdminContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @Query('force') force?: string,
  ): Promise<StatusReply> {
    await this.organisations.remove(context, id, precondition, force === 'true');
    return new StatusReply('Org deleted');
  }
}
