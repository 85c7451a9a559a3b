import { Body, Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdReply, StatusReply } from '@castellan/dto';
import { OperatorOnly } from '@castellan/rbac';
import { LargeBody } from '../../http/large-bodies';
import { OperatorContext, OperatorRequest } from '../../http/request-context';
import { tagged } from '../../http/reply-headers';
import { Route } from '../../http/route';
import { OrganisationsService } from '../../organisations/organisations.service';
import { apisExample, organisationExample, policiesExample } from './import-examples';
import { ApisImport, ImportedReply, OrganisationImport, PoliciesImport } from './import.dto';
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

  @Route.post('organisations/import', {
    access: OperatorOnly('Import Organisation'),
    id: 'importOrganisation',
    summary: 'Create or replace an organisation; Meta is its id',
    description: 'The id that it brings is kept.',
    example: organisationExample,
    body: OrganisationImport,
    reply: IdReply,
    tagged: true,
    errors: [409],
  })
  async organisation(@OperatorRequest() context: OperatorContext, @Body() input: OrganisationImport): Promise<unknown> {
    const row = await this.organisations.import(context, input);
    return tagged(row, new StatusReply('Org imported', row._id.toString()));
  }

  @Route.post('apis/import', {
    access: OperatorOnly('Import APIs'),
    id: 'importApis',
    summary: 'Create or replace APIs; Meta names each api_id',
    description: 'Ids that they bring are kept; all of them or none.',
    example: apisExample,
    body: ApisImport,
    reply: ImportedReply,
    errors: [409],
  })
  @LargeBody()
  async apis(@OperatorRequest() context: OperatorContext, @Body() body: unknown): Promise<StatusReply> {
    return new StatusReply('APIs imported', await this.imports.importApis(context, body));
  }

  @Route.post('policies/import', {
    access: OperatorOnly('Import Policies'),
    id: 'importPolicies',
    summary: 'Create or replace policies; Meta names each id',
    description: 'Ids that they bring are kept; all of them or none.',
    example: policiesExample,
    body: PoliciesImport,
    reply: ImportedReply,
    errors: [409],
  })
  @LargeBody()
  async policies(@OperatorRequest() context: OperatorContext, @Body() body: unknown): Promise<StatusReply> {
    return new StatusReply('Policies imported', await this.imports.importPolicies(context, body));
  }
}
