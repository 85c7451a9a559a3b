import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdReply, StatusReply } from '@castellan/dto';
import { OperatorOnly } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OperatorContext, OperatorRequest } from '../http/request-context';
import { listParameters, placeOf } from '../http/paging';
import { text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { OrganisationDto, OrganisationInput, OrganisationListDto } from './organisation.dto';
import { OrganisationsService } from './organisations.service';
import { OrganisationRemoval } from './removal/organisation-removal';

const listQuery = new RouteQuery(listParameters);
const idParam = { name: 'id', description: 'Id of the organisation', example: '54b53d3aeba6db5c35000002' };
const removeQuery = new RouteQuery({
  confirm: text({ description: 'The name of the organisation: everything of it is to go', example: 'Acme' }),
});

@ApiTags('Organisations')
@Controller('admin/organisations')
export class OrganisationsController {
  constructor(
    private readonly organisations: OrganisationsService,
    private readonly removal: OrganisationRemoval,
  ) {}

  @Route.get('', {
    access: OperatorOnly('List Organisations'),
    id: 'listOrganisations',
    summary: 'List organisations',
    description: 'By name.',
    reply: OrganisationListDto,
    listed: true,
  })
  async list(@AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    const { list, next } = await this.organisations.list(placeOf(query));
    return piece(next, list);
  }

  @Route.get(':id', {
    access: OperatorOnly('Get Organisation'),
    id: 'getOrganisation',
    summary: 'Get an organisation',
    description: 'With the APIs that it has now.',
    params: [idParam],
    reply: OrganisationDto,
    tagged: true,
  })
  async get(@Param('id') id: string): Promise<unknown> {
    const { version, organisation } = await this.organisations.get(id);
    return tagged({ version }, organisation);
  }

  @Route.post('', {
    access: OperatorOnly('Create Organisation'),
    id: 'createOrganisation',
    summary: 'Create an organisation; Meta is its id',
    description:
      'Its id is made, and is the last quoted value of the reply. Whoever sends the same `owner_slug` again is answered 409, ' +
      'with the id of the organisation that has it in `Meta.id`.',
    example: { owner_name: 'Acme', owner_slug: 'acme' },
    body: OrganisationInput,
    reply: IdReply,
    tagged: true,
    errors: [409],
  })
  async create(@OperatorRequest() context: OperatorContext, @Body() input: OrganisationInput): Promise<unknown> {
    const row = await this.organisations.create(context, input);
    return tagged(row, new StatusReply('Org created', row._id.toString()));
  }

  @Route.put(':id', {
    access: OperatorOnly('Update Organisation'),
    id: 'updateOrganisation',
    summary: 'Replace an organisation',
    description:
      'What is left out is gone afterwards, but for `settings`, which stay as they are unless they are sent.',
    example: { owner_name: 'Acme Europe', owner_slug: 'acme-europe', cname: 'api.acme.example' },
    params: [idParam],
    body: OrganisationInput,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async update(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @Body() input: OrganisationInput,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.organisations.update(context, id, input, precondition);
    return tagged(row, new StatusReply('Org updated'));
  }

  @Route.delete(':id', {
    access: OperatorOnly('Delete Organisation'),
    id: 'deleteOrganisation',
    summary: 'Delete an organisation with everything of it',
    description:
      'In two steps: the first call says in `Meta.would_delete` how much of what would go with it (409), the second one ' +
      'repeats its name in `confirm`. Keys, sessions, certificates and figures go, too; the audit log and the history stay.',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
    errors: [409],
  })
  async remove(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @AskedFor(removeQuery) { confirm }: Asked<typeof removeQuery>,
  ): Promise<StatusReply> {
    await this.removal.remove(context, id, precondition, confirm);
    return new StatusReply('Org deleted');
  }
}
