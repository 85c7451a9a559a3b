import { Injectable } from '@nestjs/common';
import { CastellanError, NotFound, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { SignInStore, toObjectId, UserStore, type SignInRow, type UserRow } from '@castellan/persistence';
import { mayResetPasswords } from '@castellan/rbac';
import { isPassword } from '../auth/passwords';
import { homeOf } from '../auth/user-rights';
import type { OrganisationContext } from '../http/request-context';
import { LoginThrottle } from './login-throttle';
import { SessionsService } from './sessions.service';

/** How long a login stands for somebody who has no password that could be asked for again. */
const freshMs = 10 * 60_000;

/** Asks callers for their password again, for what a stolen session or key must not do. */
@Injectable()
export class Proof {
  constructor(
    private readonly signIns: SignInStore,
    private readonly throttle: LoginThrottle,
    private readonly users: UserStore,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks a browser again who sits before it, for what would outlive the session: the caller's password or, where that comes
   * from a provider of identities alone, a login of the last minutes. An access key is such a thing itself.
   *
   * @throws what {@link require} throws; CastellanError 403 when the login is too old
   */
  async requireOfBrowser(context: OrganisationContext, password: string | undefined): Promise<void> {
    const { user: caller } = context;
    if (caller.sessionId === null) return;
    const user = await this.users.findById(homeOf(caller), toObjectId(caller.userId));
    if (user === null) throw new NotFound('Could not retrieve user detail');
    if (user.passwordHash !== '') {
      await this.require(context, user, password);
      return;
    }
    const session = await this.sessions.named(caller.sessionId);
    if (session !== null && this.clock.millis() - session.createdAt < freshMs) return;
    throw new CastellanError(403, 'login_too_old', 'Your login is too long ago for this; log in again');
  }

  /**
   * {@link require}, for a new password of one's own. Whoever comes by single sign-on alone gets a first one from somebody who
   * may set passwords: what the provider would end must not go on by another way in.
   *
   * @throws what {@link require} throws; CastellanError 403 for a first password after single sign-on
   */
  async requireForNewPassword(
    context: OrganisationContext,
    user: UserRow,
    password: string | undefined,
  ): Promise<void> {
    const comesByProvider = user.identity !== undefined || context.user.sessionId !== null;
    if (user.passwordHash === '' && comesByProvider && !mayResetPasswords(context.user.grants))
      throw new CastellanError(
        403,
        'forbidden',
        'You come in by single sign-on; an administrator can set a password for you',
      );
    await this.require(context, user, password);
  }

  /**
   * Refuses unless the password is the present one. Nobody has to prove a password that they do not have, or that they
   * were given and never came in with: scripts set up the first user of an organisation by its key alone.
   *
   * @returns what is known of how the user signs in
   * @throws ValidationFailed; CastellanError 429 after too many wrong ones
   */
  async require(context: OrganisationContext, user: UserRow, password: string | undefined): Promise<SignInRow> {
    const signIn = await this.signIns.of(user._id);
    const isSettled = user.passwordHash !== '' && (signIn.lastLoginAt !== undefined || context.user.sessionId !== null);
    if (password === undefined || password === '') {
      if (isSettled) throw new ValidationFailed([{ path: 'current_password', message: 'is required' }]);
      return signIn;
    }
    if (user.passwordHash === '') return signIn;
    const source = { name: `user ${user._id.toString()} ${context.request.ip}`, kind: 'person' } as const;
    await this.throttle.attempt(source, user.email);
    if (!(await isPassword(user.passwordHash, password))) {
      throw new ValidationFailed([{ path: 'current_password', message: 'is not your password' }]);
    }
    await this.throttle.succeeded(source, user.email);
    return signIn;
  }
}
