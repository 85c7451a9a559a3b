import { Body, Controller, Inject, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, StatusReply, ValidationFailed } from '@castellan/dto';
import { toOrganisationId } from '@castellan/persistence';
import { Public } from '@castellan/rbac';
import { WebForm } from '../http/bodies/web-form';
import { Route } from '../http/route';
import type { Credentials } from './credentials';
import { samplePassword } from './credentials.dto';
import { LoginInput, LoginReply } from './login.dto';
import { LoginService } from './login.service';
import { isMeant, refuseOtherSites } from './own-pages';
import { safePath } from './safe-path';
import { clearSessionCookie, sessionTokenOf } from './session-cookie';
import { presentOwnSession } from './session-reply';
import { SessionsService } from './sessions.service';
import { Visitor } from './visitor';

/** Where browsers begin and end their sessions. */
@ApiTags('Sessions')
@Controller()
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: SessionsService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @WebForm()
  @Route.post('login', {
    access: Public(),
    id: 'logIn',
    summary: 'Log in by a browser',
    description:
      'Takes JSON, or a form, whose sender is led to `next`. The session is a cookie that scripts cannot read. Where an ' +
      'address is that of users of several organisations, each has a password of its own: the one that the password fits ' +
      'is meant, and `org_id` says which one when it fits several. Where guesses of others make an address wait (429), whoever ' +
      'sends a code of the second factor, or the access key in `authorization`, with the password is let in all the same.',
    body: LoginInput,
    example: { email_address: 'ada@acme.example', password: samplePassword },
    consumes: ['application/json', 'application/x-www-form-urlencoded'],
    reply: LoginReply,
    errors: [401, 403, 409, 429],
    leads: 'To the page that a form asked for, or back to the login',
  })
  async logIn(
    @Body() input: LoginInput,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply | undefined> {
    refuseOtherSites(request, this.config);
    void reply.header('cache-control', 'no-store');
    const visitor = new Visitor(request, reply, this.config);
    const { user, session } = await this.logins.logIn(visitor, credentialsOf(input));
    if (input.from_form !== undefined) {
      void reply.redirect(safePath(input.next), 302);
      return undefined;
    }
    return new StatusReply('Logged in', presentOwnSession(session, user));
  }

  @Route.post('logout', {
    access: Public(),
    id: 'logOut',
    summary: 'End the session of this browser',
    description: 'Harmless for a browser that has none.',
    reply: StatusReply,
    errors: [403],
  })
  async logOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<StatusReply> {
    refuseOtherSites(request, this.config);
    await this.end(request, reply);
    return new StatusReply('Logged out');
  }

  @Route.get('logout', {
    access: Public(),
    id: 'logOutByLink',
    summary: 'End the session of this browser, by a link on one of our pages',
    description: 'Leads to the front page (302). A link on another site, or a look ahead of the browser, ends nothing.',
    reply: StatusReply,
    errors: [403],
    leads: 'To the login',
  })
  async logOutByLink(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (!isMeant(request, this.config))
      throw new CastellanError(403, 'csrf_failed', 'Log out on a page of this address');
    await this.end(request, reply);
    void reply.redirect('/', 302);
  }

  private async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.sessions.endOfCookie(sessionTokenOf(request, this.config));
    clearSessionCookie(reply, this.config);
    void reply.header('cache-control', 'no-store');
  }
}

const credentialsOf = (input: LoginInput): Credentials => {
  const email = input.email_address ?? input.username ?? '';
  if (email === '') throw new ValidationFailed([{ path: 'email_address', message: 'is required' }]);
  const organisation = input.org_id ?? '';
  return {
    email,
    password: input.password,
    organisation: organisation === '' ? null : toOrganisationId(organisation),
    code: input.code ?? '',
    newPassword: input.new_password ?? '',
  };
};
