import { Body, Controller, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, StatusReply } from '@castellan/dto';
import { Public } from '@castellan/rbac';
import { WebForm } from '../http/bodies/web-form';
import { text, tolerated } from '../http/query/parameter';
import { AnyParameters, AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { isPrefetch, ownOrigin } from '../sessions/own-pages';
import { Visitor } from '../sessions/visitor';
import { BackChannel } from './back-channel';
import { clearFlowCookie, flowTokenOf, setFlowCookie } from './flow-cookie';
import { OidcLoginService } from './oidc-login.service';

const idParam = { name: 'id', description: 'Id of the identity provider', example: '6649fb3e5715ec4c96cbef36' };
const beginQuery = new RouteQuery({
  next: text({ description: 'The page to go to afterwards, a path of this address', maxLength: 2_048, example: '/' }),
  // OpenID Connect Core 1.0, section 4: a provider that begins the login itself sends these.
  iss: tolerated('providers that begin a login'),
  login_hint: tolerated('providers that begin a login'),
  target_link_uri: tolerated('providers that begin a login'),
});
const endQuery = new RouteQuery({
  state: text({ description: 'What the login began with', maxLength: 512, example: 'af0ifjsldkj' }),
  code: text({ description: 'What the provider gives for tokens', maxLength: 8_192 }),
  iss: text({ description: 'Who the provider says it is', maxLength: 2_048 }),
  error: text({ description: 'What went wrong at the provider', maxLength: 512 }),
});

class LogoutInput {
  @ApiProperty({ description: 'A JWT of the provider' })
  @IsString({ message: 'must be text' })
  @MaxLength(16_384, { message: 'must have at most 16384 characters' })
  readonly logout_token!: string;

  @ApiPropertyOptional({ description: 'Set for a form' })
  @IsOptional()
  @IsString()
  readonly from_form?: string;
}

/** Where browsers go to an identity provider and come back, and where the provider tells that sessions are over. */
@ApiTags('Single sign-on')
@Controller('sso/oidc')
export class OidcController {
  constructor(
    private readonly logins: OidcLoginService,
    private readonly backChannel: BackChannel,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.get(':id/login', {
    access: Public(),
    id: 'beginOidcLogin',
    summary: 'Log in by an identity provider',
    description: 'Leads the browser there (302).',
    params: [idParam],
    reply: StatusReply,
    errors: [403],
    leads: 'To the provider',
  })
  async begin(
    @Param('id') id: string,
    @AskedFor(beginQuery) { next }: Asked<typeof beginQuery>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    refuseLookAhead(request);
    const { url, browser } = await this.logins.begin(id.toLowerCase(), ownOrigin(this.config, request), next);
    setFlowCookie(reply, this.config, browser);
    void reply.header('cache-control', 'no-store').redirect(url, 302);
  }

  // Each provider adds what it likes, such as `session_state` or `scope`.
  @AnyParameters()
  @Route.get(':id/callback', {
    access: Public(),
    id: 'endOidcLogin',
    summary: 'Come back from an identity provider',
    description:
      'Leads to the page that the login was for (302). Good once, within ten minutes, in the browser that began.',
    params: [idParam],
    reply: StatusReply,
    errors: [401, 403, 409],
    leads: 'Into the application',
  })
  async end(
    @Param('id') id: string,
    @AskedFor(endQuery) _query: Asked<typeof endQuery>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    refuseLookAhead(request);
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    const browser = flowTokenOf(request);
    clearFlowCookie(reply, this.config);
    const query = request.url.split('?')[1] ?? '';
    const visitor = new Visitor(request, reply, this.config);
    const arrival = { origin: ownOrigin(this.config, request), query, browser };
    void reply.redirect(await this.logins.end(visitor, id.toLowerCase(), arrival), 302);
  }

  @WebForm()
  @Route.post(':id/backchannel-logout', {
    access: Public(),
    id: 'oidcBackchannelLogout',
    summary: 'End the sessions that a provider says are over',
    description: 'For providers, which prove themselves by the signature of the token.',
    params: [idParam],
    body: LogoutInput,
    consumes: ['application/x-www-form-urlencoded', 'application/json'],
    reply: StatusReply,
  })
  async logOut(
    @Param('id') id: string,
    @Body() { logout_token: token }: LogoutInput,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    void reply.header('cache-control', 'no-store');
    const visitor = new Visitor(request, reply, this.config);
    await this.backChannel.logOut(visitor.traceOf('Logout by OpenID Connect', ''), id.toLowerCase(), token);
    return new StatusReply('Logged out');
  }
}

const refuseLookAhead = (request: FastifyRequest): void => {
  if (request.method === 'GET' && !isPrefetch(request)) return;
  throw new CastellanError(403, 'forbidden', 'Open the address itself');
};
