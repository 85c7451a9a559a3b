import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import type { IdentityProviderRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { resourceRoutes, type WriteAsked } from '../resources/resource-routes';
import { Proof } from '../sessions/proof';
import { IdentityProviderDto, IdentityProviderInput, IdentityProviderListDto } from './identity-provider.dto';
import { IdentityProvidersService, presentProvider } from './identity-providers.service';

const routes = resourceRoutes<IdentityProviderRow>({
  kind: 'identity_provider',
  called: 'Identity provider',
  id: { name: 'id', description: 'Id of the identity provider', example: '6649fb3e5715ec4c96cbef36' },
  input: IdentityProviderInput,
  shown: IdentityProviderDto,
  example: {
    name: 'Acme accounts',
    issuer: 'https://accounts.acme.example',
    client_id: 'castellan',
    groups_claim: 'groups',
    create_users: true,
  },
  get: { summary: 'Get an identity provider, without its secret' },
  create: {
    summary: 'Set up a provider of OpenID Connect; Meta is its id',
    description:
      'For administrators alone, whose browser needs a login of the last ten minutes. A `client_secret` needs ' +
      'CASTELLAN_SECRET_KEY.',
  },
  update: {
    summary: 'Replace an identity provider; a secret that is not sent stays',
    description: 'For administrators alone, whose browser needs a login of the last ten minutes.',
  },
  remove: {
    summary: 'Delete an identity provider; nobody logs in by it any more',
    description: 'For administrators alone. Its users stay, and so do the sessions that they have.',
  },
  errors: [409],
  replies: {
    created: StatusReply,
    written: StatusReply,
    text: (row) => JSON.stringify(presentProvider(row)),
    create: ({ _id }) => new StatusReply('Identity provider created', _id.toString()),
    update: () => new StatusReply('Identity provider updated'),
    remove: () => new StatusReply('Identity provider deleted'),
  },
});

/** Providers by which people of the organisation log in, over OpenID Connect. */
@ApiTags('Single sign-on')
@Controller('api/identity-providers')
export class IdentityProvidersController extends routes {
  constructor(
    private readonly providers: IdentityProvidersService,
    private readonly proof: Proof,
  ) {
    super(providers);
  }

  /** Whoever says who proves people could come in as any of them after the session that was stolen. */
  override prove({ context }: WriteAsked): Promise<void> {
    return this.proof.requireRecent(context, null);
  }

  @Route.get('', {
    access: Requires('idm', 'read', 'List Identity Providers'),
    id: 'listIdentityProviders',
    summary: 'List the identity providers of the organisation',
    reply: IdentityProviderListDto,
  })
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<IdentityProviderListDto> {
    return { identity_providers: (await this.providers.list(organisation)).map(presentProvider) };
  }
}
