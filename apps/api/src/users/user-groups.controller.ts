import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { listParameters, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { UserGroupChange, UserGroupDto, UserGroupInput, UserGroupListDto } from './user-group.dto';
import { presentGroup, UserGroupsService } from './user-groups.service';

const listQuery = new RouteQuery(listParameters);
const idParam = { name: 'id', description: 'Id of the user group', example: '6649fb3e5715ec4c96cbef36' };

/** User groups (docs/tyk/management.md#user-groups). */
@ApiTags('User groups')
@Controller('api/usergroups')
export class UserGroupsController {
  constructor(private readonly groups: UserGroupsService) {}

  @Route.get('', {
    access: Requires('user_groups', 'read', 'List User Groups'),
    id: 'listUserGroups',
    summary: 'List user groups',
    reply: UserGroupListDto,
    listed: true,
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
  ): Promise<unknown> {
    const { list, next } = await this.groups.list(organisation, placeOf(query));
    return piece(next, list);
  }

  @Route.get(':id', {
    access: Requires('user_groups', 'read', 'Get User Group'),
    id: 'getUserGroup',
    summary: 'Get a user group',
    params: [idParam],
    reply: UserGroupDto,
    tagged: true,
  })
  async get(@OrganisationRequest() { organisation }: OrganisationContext, @Param('id') id: string): Promise<unknown> {
    const row = await this.groups.get(organisation, id);
    return tagged(row, presentGroup(row));
  }

  @Route.post('', {
    access: Requires('user_groups', 'write', 'Create User Group'),
    id: 'createUserGroup',
    summary: 'Create a user group; `Meta` is its id',
    description: 'Its members have its rights beside their own. Nobody makes a group with rights that they lack.',
    example: {
      name: 'Devops',
      description: 'Logs and analytics',
      user_permissions: { analytics: 'read', log: 'read' },
    },
    body: UserGroupInput,
    reply: StatusReply,
    tagged: true,
  })
  async create(@OrganisationRequest() context: OrganisationContext, @Body() input: UserGroupInput): Promise<unknown> {
    const row = await this.groups.create(context, input);
    return tagged(row, new StatusReply('User group created', row._id.toString()));
  }

  @Route.put(':id', {
    access: Requires('user_groups', 'write', 'Update User Group'),
    id: 'updateUserGroup',
    summary: 'Change a user group; what is not sent stays as it is',
    params: [idParam],
    body: UserGroupChange,
    example: {
      description: 'Logs, analytics and the audit log',
      user_permissions: { analytics: 'read', log: 'read', audit_logs: 'read' },
    },
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() input: UserGroupChange,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.groups.update(context, id, input, precondition);
    return tagged(row, new StatusReply('User group updated'));
  }

  @Route.delete(':id', {
    access: Requires('user_groups', 'write', 'Delete User Group'),
    id: 'deleteUserGroup',
    summary: 'Delete a user group that nobody is in and that owns nothing',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
    errors: [409],
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.groups.remove(context, id, precondition);
    return new StatusReply('User group deleted');
  }
}
