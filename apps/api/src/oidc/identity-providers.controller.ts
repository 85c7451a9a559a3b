import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { IdentityProviderDto, IdentityProviderInput, IdentityProviderListDto } from './identity-provider.dto';
import { IdentityProvidersService, presentProvider } from './identity-providers.service';

const idParam = { name: 'id', description: 'Id of the identity provider', example: '6649fb3e5715ec4c96cbef36' };
const example = {
  name: 'Acme accounts',
  issuer: 'https://accounts.acme.example',
  client_id: 'castellan',
  groups_claim: 'groups',
  create_users: true,
};

/** Providers by which people of the organisation log in, over OpenID Connect. */
@ApiTags('Single sign-on')
@Controller('api/identity-providers')
export class IdentityProvidersController {
  constructor(private readonly providers: IdentityProvidersService) {}

  @Route.get('', {
    access: Requires('idm', 'read', 'List Identity Providers'),
    id: 'listIdentityProviders',
    summary: 'List the identity providers of the organisation',
    reply: IdentityProviderListDto,
  })
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<IdentityProviderListDto> {
    return { identity_providers: (await this.providers.list(organisation)).map(presentProvider) };
  }

  @Route.get(':id', {
    access: Requires('idm', 'read', 'Get Identity Provider'),
    id: 'getIdentityProvider',
    summary: 'Get an identity provider, without its secret',
    params: [idParam],
    reply: IdentityProviderDto,
    tagged: true,
  })
  async get(@OrganisationRequest() { organisation }: OrganisationContext, @Param('id') id: string): Promise<unknown> {
    const row = await this.providers.get(organisation, id);
    return tagged(row, presentProvider(row));
  }

  @Route.post('', {
    access: Requires('idm', 'write', 'Create Identity Provider'),
    id: 'createIdentityProvider',
    summary: 'Set up a provider of OpenID Connect; Meta is its id',
    description: 'For administrators alone. A `client_secret` needs CASTELLAN_SECRET_KEY.',
    example,
    body: IdentityProviderInput,
    reply: StatusReply,
    tagged: true,
    errors: [409],
  })
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Body() input: IdentityProviderInput,
  ): Promise<unknown> {
    const row = await this.providers.create(context, input);
    return tagged(row, new StatusReply('Identity provider created', row._id.toString()));
  }

  @Route.put(':id', {
    access: Requires('idm', 'write', 'Update Identity Provider'),
    id: 'updateIdentityProvider',
    summary: 'Replace an identity provider; a secret that is not sent stays',
    description: 'For administrators alone.',
    params: [idParam],
    example,
    body: IdentityProviderInput,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() input: IdentityProviderInput,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.providers.update(context, id, input, precondition);
    return tagged(row, new StatusReply('Identity provider updated'));
  }

  @Route.delete(':id', {
    access: Requires('idm', 'write', 'Delete Identity Provider'),
    id: 'deleteIdentityProvider',
    summary: 'Delete an identity provider; nobody logs in by it any more',
    description: 'For administrators alone. Its users stay, and so do the sessions that they have.',
    params: [idParam],
    reply: StatusReply,
    preconditioned: true,
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.providers.remove(context, id, precondition);
    return new StatusReply('Identity provider deleted');
  }
}
