import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { AdminOnly } from '@castellan/rbac';
import { ApiErrors } from '../../http/api-errors.decorator';
import { LargeBody } from '../../http/large-bodies';
import { etagOf } from '../../http/precondition';
import { AdminContext, AdminRequest } from '../../http/request-context';
import { OrganisationsService } from '../../organisations/organisations.service';
import { ApisImport, OrganisationImport, PoliciesImport } from './import.dto';
import { ImportsService } from './imports.service';

/**
 * What bootstrap scripts restore an installation with (docs/tyk/management.md#imports): each keeps the ids that it is
 * given.
 */
@ApiTags('Import and export')
@Controller('admin')
export class ImportsController {
  constructor(
    private readonly organisations: OrganisationsService,
    private readonly imports: ImportsService,
  ) {}

  @Post('organisations/import')
  @HttpCode(200)
  @AdminOnly('Import Organisation')
  @ApiOperation({ operationId: 'importOrganisation', summary: 'Create or replace an organisation; Meta is its id' })
  @ApiBody({ type: OrganisationImport })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 413, 429)
  async organisation(
    @AdminRequest() context: AdminContext,
    @Body() input: OrganisationImport,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const row = await this.organisations.import(context, input);
    void reply.header('etag', etagOf(row.version));
    return new StatusReply('Org imported', row._id.toString());
  }

  @Post('apis/import')
  @HttpCode(200)
  @LargeBody()
  @AdminOnly('Import APIs')
  @ApiOperation({ operationId: 'importApis', summary: 'Create or replace APIs; Meta names each api_id' })
  @ApiBody({ type: ApisImport })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 409, 413, 429)
  async apis(@AdminRequest() context: AdminContext, @Body() body: unknown): Promise<StatusReply> {
    return new StatusReply('APIs imported', await this.imports.importApis(context, body));
  }

  @Post('policies/import')
  @HttpCode(200)
  @LargeBody()
  @AdminOnly('Import Policies')
  @ApiOperation({ operationId: 'importPolicies', summary: 'Create or replace policies; Meta names each id' })
  @ApiBody({ type: PoliciesImport })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 409, 413, 429)
  async policies(@AdminRequest() context: AdminContext, @Body() body: unknown): Promise<StatusReply> {
    return new StatusReply('Policies imported', await this.imports.importPolicies(context, body));
  }
}
