import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Forbidden, StatusReply, ValidationFailed } from '@castellan/dto';
import type { UserRow } from '@castellan/persistence';
import { allows, AnyUser, Requires } from '@castellan/rbac';
import { homeOf } from '../auth/user-rights';
import { listParameters, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { search } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext, SpanRequest, type SpanContext } from '../http/request-context';
import { Route } from '../http/route';
import { resourceRoutes, type ShownResource, type WriteAsked } from '../resources/resource-routes';
import { ProofInput, samplePassword } from '../sessions/credentials.dto';
import { Proof } from '../sessions/proof';
import { UserPresenter } from './user-presenter';
import { AccessKeyReply } from './user-replies.dto';
import { OrganisationUserChange, OrganisationUserCreation, UserDto, UserListDto, UserSearch } from './user.dto';
import { UsersService, type UserWithKey } from './users.service';

const listQuery = new RouteQuery(listParameters);
const searchQuery = new RouteQuery({
  ...listParameters,
  q: search({ description: 'A part of the name or the address' }),
});
const idParam = { name: 'id', description: 'Id of the user', example: '54b53e4ceba6db5c35000003' };
/** Longer than any name or address. */
const longestSearch = 256;

const routes = resourceRoutes<UserRow, UserWithKey>({
  kind: 'user',
  id: idParam,
  input: OrganisationUserCreation,
  change: OrganisationUserChange,
  shown: UserDto,
  example: {
    first_name: 'Grace',
    last_name: 'Hopper',
    email_address: 'grace@acme.example',
    user_permissions: { apis: 'write', policies: 'read' },
  },
  changeExample: { last_name: 'Murray Hopper' },
  get: { summary: 'Get a user' },
  create: {
    summary: 'Create a user; `AccessKey` is shown only here',
    description:
      'Nobody gives rights, or groups with rights, that they lack. A browser that logged in more than ten minutes ago sends ' +
      'the caller’s own password with it.',
  },
  update: {
    summary: 'Change a user; what is not sent stays as it is',
    description:
      'Nobody gives rights that they lack, or changes somebody with rights that they lack. The last active administrator ' +
      'stays one. Passwords and access keys have routes of their own. A browser that logged in more than ten minutes ago ' +
      'sends the caller’s own password with another address, other rights, other groups, or a user who is switched on again.',
  },
  remove: { summary: 'Delete a user' },
  errors: [409],
  createErrors: [],
  removeErrors: [409],
  replies: {
    created: AccessKeyReply,
    written: StatusReply,
    text: null,
    create: ({ _id, accessKey }) => new AccessKeyReply('User and session have been created', _id.toString(), accessKey),
    update: () => new StatusReply('User updated'),
    remove: () => new StatusReply('User deleted', ''),
  },
});

/** The users of the caller's organisation (docs/tyk/management.md#users). */
@ApiTags('Users')
@Controller('api/users')
export class OrganisationUsersController extends routes {
  constructor(
    private readonly users: UsersService,
    private readonly presenter: UserPresenter,
    private readonly proof: Proof,
  ) {
    super(users);
  }

  /** By a new user, an address or rights somebody could come in after the session that was stolen. */
  override async prove({ context, id, body }: WriteAsked): Promise<void> {
    if (context.user.sessionId === null) return;
    if (id !== null && !(await this.users.opensMore(context.organisation, id, body))) return;
    await this.proof.requireRecent(context, callersPasswordIn(body));
  }

  override async shown(id: string, reading: Promise<UserRow>): Promise<ShownResource> {
    const { row, shown } = await this.presenter.meanwhile(id, reading);
    return { version: row.version, text: JSON.stringify(shown) };
  }

  @Route.get('', {
    access: Requires('users', 'read', 'List Users'),
    id: 'listUsers',
    summary: 'List the users of the organisation',
    reply: UserListDto,
    listed: true,
    everywhere: true,
  })
  list(@SpanRequest() context: SpanContext, @AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    return this.found(context, query, '');
  }

  @Route.get('search', {
    access: Requires('users', 'read', 'Search Users'),
    id: 'searchUsers',
    summary: 'Search users by a part of the name or the address',
    reply: UserListDto,
    listed: true,
    everywhere: true,
  })
  search(
    @SpanRequest() context: SpanContext,
    @AskedFor(searchQuery) query: Asked<typeof searchQuery>,
  ): Promise<unknown> {
    return this.found(context, query, query.q ?? '');
  }

  @Route.post('search', {
    access: Requires('users', 'read', 'Search Users'),
    id: 'searchUsersByBody',
    summary: 'Search users, with `filters.query` in the body',
    body: UserSearch,
    reply: UserListDto,
    listed: true,
    everywhere: true,
  })
  searchByBody(
    @SpanRequest() context: SpanContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
    @Body() { filters = {} }: UserSearch,
  ): Promise<unknown> {
    return this.found(context, query, queryIn(filters));
  }

  @Route.get('me', {
    access: AnyUser('Get Current User'),
    id: 'getCurrentUser',
    summary: 'Get oneself',
    reply: UserDto,
    tagged: true,
  })
  async me(@OrganisationRequest() { user }: OrganisationContext): Promise<unknown> {
    const row = await this.users.require(homeOf(user), user.userId);
    return tagged(row, await this.presenter.one(row));
  }

  @Route.put(':id/actions/key/reset', {
    access: AnyUser('Update User Key'),
    id: 'resetAccessKey',
    summary: 'Give a new access key in the place of the old one; `AccessKey` is shown only here',
    description:
      'One’s own (`me`), or with `users: write` that of a user whose rights the caller has. A browser sends the caller’s own ' +
      'password with it or, of somebody who has none, a session of the last ten minutes: a key outlives the session.',
    params: [idParam],
    body: ProofInput,
    optionalBody: true,
    example: { current_password: samplePassword },
    reply: AccessKeyReply,
    tagged: true,
    preconditioned: true,
    errors: [403, 429],
  })
  async resetKey(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @Body() input: ProofInput | undefined,
  ): Promise<unknown> {
    const { user, request } = context;
    const wanted = id === 'me' ? user.userId : id.toLowerCase();
    if (wanted !== user.userId && !allows(user.grants, 'users', 'write')) throw new Forbidden(request.path);
    await this.proof.requireOfBrowser(context, input?.current_password);
    const about = wanted === user.userId ? { ...context, organisation: homeOf(user) } : context;
    const row = await this.users.renewKey(about, wanted, precondition);
    return tagged(row, new AccessKeyReply('User session renewed', null, row.accessKey));
  }

  @Route.put(':id/actions/revoke', {
    access: Requires('users', 'write', 'Revoke User'),
    id: 'revokeUser',
    summary: 'Switch a user off, and the access key for good',
    params: [idParam],
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async revoke(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.users.revoke(context, id, precondition);
    return tagged(row, new StatusReply('User revoked'));
  }

  private async found({ organisation }: SpanContext, query: Asked<typeof listQuery>, wanted: string): Promise<unknown> {
    const { list, next } = await this.users.list(placeOf(query), organisation, wanted);
    return piece(next, list);
  }
}

/** What is no text is refused with the rest of the body, or is no password. */
const callersPasswordIn = (body: unknown): string | undefined => {
  const sent = typeof body === 'object' && body !== null && 'current_password' in body ? body.current_password : null;
  return typeof sent === 'string' ? sent : undefined;
};

/** @throws ValidationFailed for anything but a text */
const queryIn = ({ query = '' }: Readonly<Record<string, unknown>>): string => {
  if (typeof query === 'string' && query.length <= longestSearch) return query;
  throw new ValidationFailed([
    { path: 'filters.query', message: `must be text of at most ${longestSearch} characters` },
  ]);
};
