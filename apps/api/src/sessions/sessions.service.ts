import { Injectable } from '@nestjs/common';
import { NotFound } from '@castellan/dto';
import { ChangeRecorder } from '@castellan/persistence';
import type { OrganisationContext } from '../http/request-context';
import { SessionStore, type Session } from './session-store';

export type { LoginMethod, Session } from './session-store';

const noSuchSession = (): NotFound => new NotFound('No such session');

/** Sessions of browsers, for whoever opens, shows or ends them; whose they may be is asked before. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly changes: ChangeRecorder,
  ) {}

  /** @returns the session, and the token for the cookie, which is nowhere to be had after this */
  open(owner: Parameters<SessionStore['create']>[0]): Promise<{ session: Session; token: string }> {
    return this.sessions.create(owner);
  }

  /** The session that a cookie opens, which has been seen just now; null when it is over or there is no cookie. */
  async seen(token: string | null): Promise<Session | null> {
    return token === null ? null : this.sessions.touch(token);
  }

  /** The sessions of a user that are not over, the latest first. */
  ofUser(userId: string): Promise<readonly Session[]> {
    return this.sessions.ofUser(userId);
  }

  /** A session by the id that lists show; null when it is over. */
  named(id: string): Promise<Session | null> {
    return this.sessions.byId(id);
  }

  /** The session of a request. @throws NotFound for one that was made with an access key */
  async current({ user }: OrganisationContext): Promise<Session> {
    const session = await this.currentOrNone(user.sessionId);
    if (session === null) throw noSuchSession();
    return session;
  }

  /** A session of the organisation that the request is about, or one's own, which of a super user is in none. @throws NotFound */
  async within({ organisation, user }: OrganisationContext, id: string): Promise<Session> {
    const session = await this.sessions.byId(id);
    const isReached = session?.organisationId === organisation || session?.userId === user.userId;
    if (session === null || !isReached) throw noSuchSession();
    return session;
  }

  end(session: Pick<Session, 'id' | 'userId'>): Promise<void> {
    return this.sessions.end(session);
  }

  /** Ends the session of a cookie, if there is one. */
  async endOfCookie(token: string | null): Promise<void> {
    const session = await this.seen(token);
    if (session !== null) await this.sessions.end(session);
  }

  async endAllOf(userId: string): Promise<void> {
    await this.sessions.endAllOf(userId);
  }

  /** Ends one on somebody's word, which the audit log keeps. */
  async endByRequest(context: OrganisationContext, session: Session): Promise<void> {
    await this.sessions.end(session);
    await this.changes.recordAct(context);
  }

  /** The same of all sessions of a user but the one that asks. @returns how many there were */
  async endAllByRequest(context: OrganisationContext, userId: string): Promise<number> {
    const ended = await this.sessions.endAllOf(userId, context.user.sessionId ?? undefined);
    await this.changes.recordAct(context);
    return ended;
  }

  /**
   * Ends what a thief of an old password may have opened.
   *
   * @returns the session in the place of the one that asks, when that is the user's own; null otherwise
   */
  async renewAllOf(userId: string, { user }: OrganisationContext): Promise<{ session: Session; token: string } | null> {
    const current = user.userId === userId ? await this.currentOrNone(user.sessionId) : null;
    const renewed = current === null ? null : await this.sessions.renew(current);
    await this.sessions.endAllOf(userId, renewed?.session.id);
    return renewed;
  }

  private async currentOrNone(sessionId: string | null): Promise<Session | null> {
    return sessionId === null ? null : this.sessions.byId(sessionId);
  }
}

/** What the module that proves callers provides, and every other one takes from it. */
export const sessionProviders = [SessionStore, SessionsService];
