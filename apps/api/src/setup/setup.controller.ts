import { Body, Controller, Inject, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { StatusReply } from '@castellan/dto';
import { newObjectId, toOrganisationId } from '@castellan/persistence';
import { OperatorOnly, Public } from '@castellan/rbac';
import { OperatorContext, OperatorRequest } from '../http/request-context';
import { Route } from '../http/route';
import { samplePassword } from '../sessions/credentials.dto';
import { LoginService } from '../sessions/login.service';
import { refuseOtherSites } from '../sessions/own-pages';
import { presentOwnSession } from '../sessions/session-reply';
import { Visitor } from '../sessions/visitor';
import { FoundedReply, FoundingInput, SetupDto, SetupInput, SetupReply } from './setup.dto';
import { SetupService } from './setup.service';

const founder = { first_name: 'Ada', last_name: 'Lovelace' };

/** The first run, by a browser or by the operator. */
@ApiTags('Setup')
@Controller()
export class SetupController {
  constructor(
    private readonly setup: SetupService,
    private readonly logins: LoginService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.get('api/setup', {
    access: Public(),
    id: 'getSetup',
    summary: 'Say whether the installation has to be set up yet',
    reply: SetupDto,
  })
  async get(): Promise<SetupDto> {
    return { needed: await this.setup.isNeeded() };
  }

  @Route.post('api/setup', {
    access: Public(),
    id: 'setUp',
    summary: 'Make the first organisation and its administrator, once',
    description: 'Needs the token that `npm start` prints and the API logs. The browser that sends it is logged in.',
    body: SetupInput,
    example: {
      ...founder,
      owner_name: 'Acme',
      owner_slug: 'acme',
      email_address: 'ada@acme.example',
      password: samplePassword,
      token: '892f3752e3c3d7b989fd636dd2a0b1bb',
    },
    reply: SetupReply,
    errors: [401, 403, 409, 429],
  })
  async setUp(
    @Body() input: SetupInput,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    refuseOtherSites(request, this.config);
    void reply.header('cache-control', 'no-store');
    const visitor = new Visitor(request, reply, this.config);
    const { user, accessKey } = await this.setup.setUp(visitor, input);
    const session = await this.logins.open(visitor, user, 'setup');
    return new StatusReply(accessKey, presentOwnSession(session, user));
  }

  @Route.post('admin/bootstrap', {
    access: OperatorOnly('Bootstrap'),
    id: 'bootstrap',
    summary: 'Make an organisation and its administrator; Message is the access key',
    body: FoundingInput,
    example: {
      ...founder,
      owner_name: 'Initech',
      owner_slug: 'initech',
      email_address: 'ada@initech.example',
    },
    reply: FoundedReply,
    errors: [409],
  })
  async bootstrap(@OperatorRequest() context: OperatorContext, @Body() input: FoundingInput): Promise<StatusReply> {
    const organisation = toOrganisationId(newObjectId());
    const { user, accessKey } = await this.setup.bootstrap(context.in(organisation), input);
    return new StatusReply(accessKey, { org_id: organisation, user_id: user._id.toString() });
  }
}
