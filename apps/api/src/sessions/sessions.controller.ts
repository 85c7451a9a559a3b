import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { AnyUser } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { narrowing } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { AccountReach } from './account-reach';
import { OwnSessionDto, SessionListDto, SessionsEndedReply } from './login.dto';
import { presentOwnSession, presentSession } from './session-reply';
import { SessionsService } from './sessions.service';

const ofUser = new RouteQuery({
  user_id: narrowing({
    description: 'Those of another user, for callers who may see or, to end them, change users',
    pattern: /^[0-9a-fA-F]{24}$/,
    looks: 'the id of a user',
  }),
});

/** The sessions of browsers: one's own, and for administrators those of others. */
@ApiTags('Sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly reach: AccountReach,
  ) {}

  @Route.get('', {
    access: AnyUser('List Sessions'),
    id: 'listSessions',
    summary: 'List sessions of browsers, the latest first',
    reply: SessionListDto,
    errors: [403, 404],
  })
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(ofUser) { user_id: userId = 'me' }: Asked<typeof ofUser>,
  ): Promise<SessionListDto> {
    const user = await this.reach.require(context, userId, 'read');
    const sessions = await this.sessions.ofUser(user._id.toString());
    return { sessions: sessions.map((session) => presentSession(session, context.user.sessionId)) };
  }

  @Route.get('current', {
    access: AnyUser('Get Session'),
    id: 'getCurrentSession',
    summary: 'Get the session of this request, with the token that its writes have to show',
    reply: OwnSessionDto,
    errors: [404],
  })
  async current(@OrganisationRequest() context: OrganisationContext): Promise<OwnSessionDto> {
    return presentOwnSession(await this.sessions.current(context), context.user);
  }

  @Route.delete(':id', {
    access: AnyUser('End Session'),
    id: 'endSession',
    summary: 'End a session',
    params: [{ name: 'id', description: 'Id of the session', example: '9f86d081884c7d659a2feaa0c55ad015' }],
    reply: StatusReply,
    errors: [403],
  })
  async end(@OrganisationRequest() context: OrganisationContext, @Param('id') id: string): Promise<StatusReply> {
    const session = await this.sessions.within(context, id);
    await this.reach.require(context, session.userId, 'write');
    await this.sessions.endByRequest(context, session);
    return new StatusReply('Session ended');
  }

  @Route.delete('', {
    access: AnyUser('End Sessions'),
    id: 'endSessions',
    summary: 'End all sessions of oneself but this one, or all of another user',
    reply: SessionsEndedReply,
    errors: [403, 404],
  })
  async endAll(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(ofUser) { user_id: userId = 'me' }: Asked<typeof ofUser>,
  ): Promise<StatusReply> {
    const user = await this.reach.require(context, userId, 'write');
    const ended = await this.sessions.endAllByRequest(context, user._id.toString());
    return new StatusReply('Sessions ended', { ended });
  }
}
