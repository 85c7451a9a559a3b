import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { toOrganisationId } from '@castellan/persistence';
import { AdminOnly } from '@castellan/rbac';
import { AdminContext, AdminRequest } from '../http/request-context';
import { listParameters, placeOf } from '../http/paging';
import { organisationId } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { UserCreatedReply, UserDto, UserInput, UserListDto } from './user.dto';
import { UsersService } from './users.service';

const listQuery = new RouteQuery({
  ...listParameters,
  org_id: organisationId({ description: 'Only the users of this organisation' }),
});

@ApiTags('Users')
@Controller('admin/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Route.get('', {
    access: AdminOnly('List Users'),
    id: 'adminListUsers',
    summary: 'List the users of all organisations',
    reply: UserListDto,
    listed: true,
  })
  async list(@AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    const organisation = query.org_id === undefined ? undefined : toOrganisationId(query.org_id);
    const { list, next } = await this.users.list(placeOf(query), organisation);
    return piece(next, list);
  }

  @Route.get(':id', {
    access: AdminOnly('Get User'),
    id: 'adminGetUser',
    summary: 'Get a user',
    params: [{ name: 'id', example: '54b53e4ceba6db5c35000003' }],
    reply: UserDto,
    tagged: true,
  })
  async get(@Param('id') id: string): Promise<unknown> {
    const { version, user } = await this.users.get(id);
    return tagged({ version }, user);
  }

  @Route.post('', {
    access: AdminOnly('Create User'),
    id: 'adminCreateUser',
    summary: 'Create a user; Message is the access key',
    body: UserInput,
    reply: UserCreatedReply,
  })
  async create(@AdminRequest() context: AdminContext, @Body() input: UserInput): Promise<StatusReply> {
    const { accessKey, user } = await this.users.create(context, input);
    return new StatusReply(accessKey, user);
  }
}
