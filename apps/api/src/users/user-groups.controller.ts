import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import type { UserGroupRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { listParameters, placeOf } from '../http/paging';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece } from '../http/reply-headers';
import { SpanRequest, type SpanContext } from '../http/request-context';
import { Route } from '../http/route';
import { resourceRoutes, type WriteAsked } from '../resources/resource-routes';
import { Proof } from '../sessions/proof';
import { presentGroup } from './user-group-content';
import { UserGroupChange, UserGroupDto, UserGroupInput, UserGroupListDto } from './user-group.dto';
import { UserGroupsService } from './user-groups.service';

const listQuery = new RouteQuery(listParameters);
const routes = resourceRoutes<UserGroupRow>({
  kind: 'user_group',
  called: 'User group',
  id: { name: 'id', description: 'Id of the user group', example: '6649fb3e5715ec4c96cbef36' },
  input: UserGroupInput,
  change: UserGroupChange,
  shown: UserGroupDto,
  example: {
    name: 'Devops',
    description: 'Logs and analytics',
    user_permissions: { analytics: 'read', log: 'read' },
  },
  changeExample: {
    description: 'Logs, analytics and the audit log',
    user_permissions: { analytics: 'read', log: 'read', audit_logs: 'read' },
  },
  get: { summary: 'Get a user group' },
  create: {
    summary: 'Create a user group; `Meta` is its id',
    description:
      'Its members have its rights beside their own. Nobody makes a group with rights that they lack. A browser needs a ' +
      'login of the last ten minutes.',
  },
  update: {
    summary: 'Change a user group; what is not sent stays as it is',
    description: 'A browser needs a login of the last ten minutes.',
  },
  remove: { summary: 'Delete a user group that nobody is in and that owns nothing' },
  errors: [409],
  createErrors: [],
  removeErrors: [409],
  replies: {
    created: StatusReply,
    written: StatusReply,
    text: (row) => JSON.stringify(presentGroup(row)),
    create: ({ _id }) => new StatusReply('User group created', _id.toString()),
    update: () => new StatusReply('User group updated'),
    remove: () => new StatusReply('User group deleted'),
  },
});

/** User groups (docs/tyk/management.md#user-groups). */
@ApiTags('User groups')
@Controller('api/usergroups')
export class UserGroupsController extends routes {
  constructor(
    private readonly groups: UserGroupsService,
    private readonly proof: Proof,
  ) {
    super(groups);
  }

  /** The rights of many people would outlive a stolen session. */
  override prove({ context }: WriteAsked): Promise<void> {
    return this.proof.requireRecent(context, null);
  }

  @Route.get('', {
    access: Requires('user_groups', 'read', 'List User Groups'),
    id: 'listUserGroups',
    summary: 'List user groups',
    reply: UserGroupListDto,
    listed: true,
    everywhere: true,
  })
  async list(
    @SpanRequest() { organisation }: SpanContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
  ): Promise<unknown> {
    const { list, next } = await this.groups.list(organisation, placeOf(query));
    return piece(next, list);
  }
}
