import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Unauthorised } from '@castellan/dto';
import { UserStore } from '@castellan/persistence';
import type { UserPrincipal } from '@castellan/rbac';
import { addressOf } from '../http/caller-address';
import { requireOwnPage } from '../sessions/own-pages';
import { SessionsService } from '../sessions/sessions.service';
import { sessionTokenOf } from '../sessions/session-cookie';
import { headersNamed, keyOf } from './access-key-header';
import { FailedAttempts } from './attempts';
import { accessKeyHash } from './secrets';
import { UserRights } from './user-rights';

const credentialHeaders = ['authorization', 'admin-auth'];

/**
 * A user of an organisation: the access key in `authorization`, or the session of a browser. Whatever header of a
 * credential there is decides alone, even an empty one: a page of somebody else could otherwise add one to switch off
 * what protects cookies. The user is looked up each time, so that whatever was taken away is gone with the next request.
 */
@Injectable()
export class OrganisationStrategy extends PassportStrategy(Strategy, 'organisation') {
  constructor(
    private readonly users: UserStore,
    private readonly rights: UserRights,
    private readonly sessions: SessionsService,
    private readonly attempts: FailedAttempts,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<UserPrincipal> {
    const named = credentialHeaders.flatMap((name) => headersNamed(request, name));
    if (named.length > 0) return this.byKey(request);
    return this.bySession(request);
  }

  private async byKey(request: FastifyRequest): Promise<UserPrincipal> {
    const key = keyOf(request);
    if (key === '') throw new Unauthorised();
    const user = await this.users.activeByAccessKeyHash(accessKeyHash(key));
    if (user === null) throw await this.attempts.refusal('credential', addressOf(request));
    return this.rights.principalOf(user, null);
  }

  /**
   * Whoever a request was let in for, as they are now: for what goes on after the reply has begun. Asking does not keep a session
   * alive.
   *
   * @throws Unauthorised once the key, the session or the user is over
   */
  async stillThere(
    request: FastifyRequest,
    { userId, sessionId, organisationId }: UserPrincipal,
  ): Promise<UserPrincipal> {
    const user = await this.users.activeById(userId);
    const session = sessionId === null ? null : await this.sessions.named(sessionId);
    const isShown = sessionId === null ? user?.accessKeyHash === accessKeyHash(keyOf(request)) : session !== null;
    if (user === null || !isShown) throw new Unauthorised();
    return { ...(await this.rights.principalOf(user, session)), organisationId };
  }

  private async bySession(request: FastifyRequest): Promise<UserPrincipal> {
    const session = await this.sessions.seen(sessionTokenOf(request, this.config));
    const user = session === null ? null : await this.users.activeById(session.userId);
    if (session === null || user === null || user.service === true) throw new Unauthorised();
    requireOwnPage(request, this.config, session);
    return this.rights.principalOf(user, session);
  }
}
