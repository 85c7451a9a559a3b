import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { NotFound, StatusReply } from '@castellan/dto';
import { ChangeRecorder } from '@castellan/persistence';
import { AnyUser } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { AccountReach } from './account-reach';
import { OwnSessionDto, SessionListDto, SessionsEndedReply } from './login.dto';
import { presentOwnSession, presentSession } from './session-reply';
import { SessionStore } from './session-store';

const ofUser = new RouteQuery({
  user_id: text({
    description: 'Those of another user, for callers who may see or, to end them, change users',
    pattern: /^[0-9a-fA-F]{24}$/,
    looks: 'the id of a user',
  }),
});

const noSuchSession = (): NotFound => new NotFound('No such session');

/** The sessions of browsers: one's own, and for administrators those of others. */
@ApiTags('Sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionStore,
    private readonly reach: AccountReach,
    private readonly changes: ChangeRecorder,
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
  async current(@OrganisationRequest() { user }: OrganisationContext): Promise<OwnSessionDto> {
    const session = user.sessionId === null ? null : await this.sessions.byId(user.sessionId);
    if (session === null) throw noSuchSession();
    return presentOwnSession(session, user);
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
    const session = await this.sessions.byId(id);
    if (session?.organisationId !== context.organisation) throw noSuchSession();
    await this.reach.require(context, session.userId, 'write');
    await this.sessions.end(session);
    await this.changes.recordAct(context);
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
    const ended = await this.sessions.endAllOf(user._id.toString(), context.user.sessionId ?? undefined);
    await this.changes.recordAct(context);
    return new StatusReply('Sessions ended', { ended });
  }
}
