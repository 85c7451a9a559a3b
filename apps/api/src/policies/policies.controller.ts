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
import { PoliciesService } from './policies.service';
import { policyListItem, policyReply } from './policy-reply';
import { PolicyDto, PolicyInput, PolicyListDto, PolicyQuery } from './policy.dto';

const idParam = { name: 'id', description: 'Row id or explicit id', example: '5ead71205759610001818680' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };

@ApiTags('Policies')
@Controller('api/portal/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Get()
  @Requires('policies', 'read', 'List Policies')
  @ApiOperation({ operationId: 'listPolicies', summary: 'List policies, the newest first' })
  @ApiOkResponse({ type: PolicyListDto })
  @ApiErrors(400, 401, 403)
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: PolicyQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { rows, pages } = await this.policies.page(context, query);
    sendList(reply, { rows: 'Data', pages: 'Pages' }, rows.map(policyListItem), pages);
  }

  @Get('search')
  @Requires('policies', 'read', 'Search Policies')
  @ApiOperation({ operationId: 'searchPolicies', summary: 'The same as the list, where clients look for a search' })
  @ApiOkResponse({ type: PolicyListDto })
  @ApiErrors(400, 401, 403)
  async search(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: PolicyQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.list(context, query, reply);
  }

  /** Asks for no more than the right to read: it changes nothing, and pipelines that only propose should hold no more. */
  @Post('validate')
  @HttpCode(200)
  @Requires('policies', 'read', 'Validate Policy')
  @ApiOperation({ operationId: 'validatePolicy', summary: 'Check everything that a write would, and write nothing' })
  @ApiQuery({ name: 'id', required: false, description: 'The policy that it would replace; none for a new one' })
  @ApiBody({ type: PolicyInput })
  @ApiOkResponse({ type: ValidReply })
  @ApiErrors(400, 401, 403, 404, 409, 413)
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Query('id') id?: string,
  ): Promise<StatusReply> {
    const changes = await this.policies.tryOut(context, body, id);
    return new StatusReply('Policy is valid', { changes: changes.map(rehearsedChange) });
  }

  @Get(':id')
  @Requires('policies', 'read', 'Get Policy')
  @ApiOperation({ operationId: 'getPolicy', summary: 'Get a policy' })
  @ApiParam(idParam)
  @ApiOkResponse({ type: PolicyDto })
  @ApiErrors(401, 403, 404)
  async get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.policies.require(context.organisation, id);
    sendResource(reply, row.version, policyReply(row));
  }

  @Post()
  @HttpCode(200)
  @Requires('policies', 'write', 'Create Policy')
  @ApiOperation({ operationId: 'createPolicy', summary: 'Create a policy; `Message` is its `_id`' })
  @ApiBody({ type: PolicyInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.policies.create(context, body);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply(row._id.toString());
  }

  @Put(':id')
  @Requires('policies', 'write', 'Update Policy')
  @ApiOperation({ operationId: 'updatePolicy', summary: 'Replace a policy' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiBody({ type: PolicyInput })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 413, 428)
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.policies.update(context, id, body, precondition);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Data updated');
  }

  @Delete(':id')
  @Requires('policies', 'write', 'Delete Policy')
  @ApiOperation({ operationId: 'deletePolicy', summary: 'Delete a policy that no key applies' })
  @ApiParam(idParam)
  @ApiQuery({ name: 'force', required: false, description: '`true` deletes it even while keys apply it' })
  @ApiHeader(ifMatch)
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(401, 403, 404, 409, 412, 428)
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @Query('force') force?: string,
  ): Promise<StatusReply> {
    await this.policies.remove(context, id, precondition, { force: force === 'true' });
    return new StatusReply('Data deleted');
  }
}
