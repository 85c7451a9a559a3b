import { Body, Controller, Inject, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, StatusReply } from '@castellan/dto';
import { toOrganisationId } from '@castellan/persistence';
import { OperatorOnly, Public, Requires } from '@castellan/rbac';
import { required, text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import {
  OperatorContext,
  OperatorRequest,
  OrganisationRequest,
  type OrganisationContext,
} from '../http/request-context';
import { Route } from '../http/route';
import { isPrefetch } from '../sessions/own-pages';
import { Proof } from '../sessions/proof';
import { Visitor } from '../sessions/visitor';
import { NonceInput } from './sso.dto';
import { SsoService } from './sso.service';

const redemption = new RouteQuery({
  nonce: required(text({ description: 'The nonce', maxLength: 128, example: 'YTNiOGUzZjctYWYxZi00ODY1LTg2NjMt' })),
});

const whom = { ForSection: 'dashboard', EmailAddress: 'ada@acme.example', DisplayName: 'Ada Lovelace' };

/** Single sign-on by an identity broker: it asks for a nonce, and leads the browser to `/tap` with it. */
@ApiTags('Single sign-on')
@Controller()
export class SsoController {
  constructor(
    private readonly sso: SsoService,
    private readonly proof: Proof,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.post('api/sso', {
    access: Requires('idm', 'write', 'Create SSO Nonce'),
    id: 'createSsoNonce',
    summary: 'Make a nonce that lets a user of the own organisation in; Meta is the nonce',
    description:
      'For administrators alone, whose browser needs a login of the last ten minutes. Good once, for 60 seconds, as long ' +
      'as its maker stays an administrator.',
    body: NonceInput,
    example: whom,
    reply: StatusReply,
  })
  async mint(@OrganisationRequest() context: OrganisationContext, @Body() input: NonceInput): Promise<StatusReply> {
    await this.proof.requireRecent(context, null);
    return new StatusReply('SSO Nonce created', await this.sso.mintAsUser(context, input));
  }

  @Route.post('admin/sso', {
    access: OperatorOnly('Create SSO Nonce'),
    id: 'adminCreateSsoNonce',
    summary: 'Make a nonce that lets a user of an organisation in; Meta is the nonce',
    body: NonceInput,
    example: { ...whom, OrgID: '54b53d3aeba6db5c35000002' },
    reply: StatusReply,
  })
  async mintAsOperator(@OperatorRequest() context: OperatorContext, @Body() input: NonceInput): Promise<StatusReply> {
    const nonce = await this.sso.mintAsOperator((id) => context.in(toOrganisationId(id)), input);
    return new StatusReply('SSO Nonce created', nonce);
  }

  @Route.get('tap', {
    access: Public(),
    id: 'redeemSsoNonce',
    summary: 'Log in by a nonce',
    description: 'Leads to the front page (302). A look ahead of the browser does not spend the nonce.',
    reply: StatusReply,
    errors: [401, 403, 429],
    leads: 'Into the application',
  })
  async redeem(
    @AskedFor(redemption) { nonce }: Asked<typeof redemption>,
    @Req() request: FastifyRequest,
    // Answered here: what Nest would send after it, the server would warn of with the address, nonce included.
    @Res() reply: FastifyReply,
  ): Promise<void> {
    void reply.headers({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    if (request.method !== 'GET' || isPrefetch(request)) {
      throw new CastellanError(403, 'forbidden', 'Open the address itself');
    }
    await this.sso.redeem(new Visitor(request, reply, this.config), nonce);
    void reply.redirect('/', 302);
  }
}
