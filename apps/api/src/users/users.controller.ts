import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply, ValidationFailed } from '@castellan/dto';
import { noOrganisation, toOrganisationId, type ChangeContext, type OrganisationId } from '@castellan/persistence';
import { OperatorOnly } from '@castellan/rbac';
import { PasswordsService } from '../sessions/passwords.service';
import { hashPassword } from '../auth/passwords';
import { OperatorContext, OperatorRequest } from '../http/request-context';
import { listParameters, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { flag, organisationId } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { presentUser } from './user-content';
import { UserPresenter } from './user-presenter';
import { AccessKeyReply, UserCreatedReply, UserUpdatedReply } from './user-replies.dto';
import { OperatorUserChange, UserDto, UserInput, UserListDto } from './user.dto';
import { UsersService } from './users.service';

const listQuery = new RouteQuery({
  ...listParameters,
  org_id: organisationId({ description: 'Only the users of this organisation' }),
  super: flag({ description: 'Only super users, who are of no organisation' }),
});
const idParam = { name: 'id', description: 'Id of the user', example: '54b53e4ceba6db5c35000003' };

@ApiTags('Users')
@Controller('admin/users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly presenter: UserPresenter,
    private readonly passwords: PasswordsService,
  ) {}

  @Route.get('', {
    access: OperatorOnly('List Users'),
    id: 'adminListUsers',
    summary: 'List the users of all organisations',
    reply: UserListDto,
    listed: true,
  })
  async list(@AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    const organisation = query.org_id === undefined ? undefined : toOrganisationId(query.org_id);
    const { list, next } = await this.users.list(placeOf(query), query.super ? noOrganisation : organisation);
    return piece(next, list);
  }

  @Route.get(':id', {
    access: OperatorOnly('Get User'),
    id: 'adminGetUser',
    summary: 'Get a user',
    params: [idParam],
    reply: UserDto,
    tagged: true,
  })
  async get(@Param('id') id: string): Promise<unknown> {
    const organisation = await this.users.organisationOf(id);
    const { row, shown } = await this.presenter.meanwhile(id, this.users.require(organisation, id));
    return tagged(row, shown);
  }

  @Route.post('', {
    access: OperatorOnly('Create User'),
    id: 'adminCreateUser',
    summary: 'Create a user; Message is the access key',
    description:
      'The access key is shown only now. The first user of an organisation is its administrator unless rights are sent. ' +
      'Without `org_id` it goes into the only organisation that there is. With an empty one it is a super user: of no ' +
      'organisation, with every right in each, which it names in `X-Castellan-Organisation` or as `org_id` in a body.',
    body: UserInput,
    example: { first_name: 'Ada', last_name: 'Lovelace', email_address: 'ada@acme.example' },
    reply: UserCreatedReply,
    errors: [403],
  })
  async create(@OperatorRequest() context: OperatorContext, @Body() input: UserInput): Promise<StatusReply> {
    const { password, ...fields } = input;
    const { email_address: address, first_name: first = '', last_name: last = '' } = fields;
    if (password) this.passwords.requireStrong(password, [address, first ?? '', last ?? ''], 'password');
    const passwordHash = password ? await hashPassword(password) : '';
    const organisation = await this.wantedOrganisation(input);
    const row = await this.users.create(context.in(organisation), fields, passwordHash);
    return new StatusReply(row.accessKey, presentUser(row, { _id: row._id }, row.accessKey));
  }

  @Route.put(':id', {
    access: OperatorOnly('Update User'),
    id: 'adminUpdateUser',
    summary: 'Change a user; what is not sent stays as it is',
    params: [idParam],
    body: OperatorUserChange,
    example: { first_name: 'Augusta Ada' },
    reply: UserUpdatedReply,
    tagged: true,
    preconditioned: true,
    errors: [403, 409],
  })
  async update(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @Body() input: OperatorUserChange,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const about = await this.about(context, id);
    const sent = (input.org_id ?? '').toLowerCase();
    if (sent !== '' && sent !== about.organisation) {
      throw new ValidationFailed([{ path: 'org_id', message: 'cannot be changed: users do not move' }]);
    }
    const { row, shown } = await this.presenter.meanwhile(id, this.users.update(about, id, input, precondition));
    return tagged(row, new StatusReply('User updated', shown));
  }

  @Route.delete(':id', {
    access: OperatorOnly('Delete User'),
    id: 'adminDeleteUser',
    summary: 'Delete a user',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
    errors: [409],
  })
  async remove(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.users.remove(await this.about(context, id), id, precondition);
    return new StatusReply('User deleted');
  }

  @Route.put(':id/actions/key/reset', {
    access: OperatorOnly('Update User Key'),
    id: 'adminResetAccessKey',
    summary: 'Give a user a new access key in the place of the old one; `AccessKey` is shown only here',
    params: [idParam],
    reply: AccessKeyReply,
    tagged: true,
    preconditioned: true,
  })
  async resetKey(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.users.renewKey(await this.about(context, id), id, precondition);
    return tagged(row, new AccessKeyReply('User session renewed', null, row.accessKey));
  }

  @Route.put(':id/actions/revoke', {
    access: OperatorOnly('Revoke User'),
    id: 'adminRevokeUser',
    summary: 'Switch a user off, and the access key for good',
    params: [idParam],
    reply: UserUpdatedReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async revoke(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.users.revoke(await this.about(context, id), id, precondition);
    return tagged(row, new StatusReply('User revoked', await this.presenter.one(row)));
  }

  @Route.put(':id/actions/allow_reset_passwords', {
    access: OperatorOnly('Allow Password Resets'),
    id: 'adminAllowPasswordResets',
    summary: 'Let a user set the passwords of others',
    params: [idParam],
    reply: UserUpdatedReply,
    tagged: true,
    preconditioned: true,
  })
  async allow(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    return this.allowResets(context, id, precondition, true);
  }

  @Route.put(':id/actions/disallow_reset_passwords', {
    access: OperatorOnly('Disallow Password Resets'),
    id: 'adminDisallowPasswordResets',
    summary: 'Take from a user the right to set the passwords of others; administrators keep it',
    params: [idParam],
    reply: UserUpdatedReply,
    tagged: true,
    preconditioned: true,
  })
  async disallow(
    @OperatorRequest() context: OperatorContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    return this.allowResets(context, id, precondition, false);
  }

  private async allowResets(
    context: OperatorContext,
    id: string,
    precondition: Precondition,
    allowed: boolean,
  ): Promise<unknown> {
    const row = await this.users.allowPasswordResets(await this.about(context, id), id, precondition, allowed);
    return tagged(row, new StatusReply('User updated', await this.presenter.one(row)));
  }

  private async wantedOrganisation({ org_id: id }: UserInput): Promise<OrganisationId> {
    if (id === undefined) return this.users.onlyOrganisation();
    return id === '' ? noOrganisation : toOrganisationId(id);
  }

  private async about(context: OperatorContext, id: string): Promise<ChangeContext> {
    return context.in(await this.users.organisationOf(id));
  }
}
