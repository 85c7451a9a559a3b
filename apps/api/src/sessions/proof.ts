import { Injectable } from '@nestjs/common';
import { CastellanError, NotFound, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { SignInStore, toObjectId, UserStore, type SignInRow, type UserRow } from '@castellan/persistence';
import { mayResetPasswords } from '@castellan/rbac';
import { isPassword } from '../auth/passwords';
import { homeOf } from '../auth/user-rights';
import { networkOf } from '../http/caller-network';
import type { OrganisationContext } from '../http/request-context';
import { LoginThrottle } from './login-throttle';
import { SessionsService } from './sessions.service';

/** How long a login stands for the password, or for somebody who has none that could be asked for again. */
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
    await this.require(context, user, password);
  }

  /**
   * {@link requireOfBrowser}, for what people do more often: how somebody comes in, and with which rights. A login of the last
   * minutes stands for the password.
   *
   * @param password null where none can be sent
   * @throws what {@link requireOfBrowser} throws
   */
  async requireRecent(context: OrganisationContext, password: string | null | undefined): Promise<void> {
    if (await this.isRecent(context)) return;
    if (password === null) throw tooOld();
    await this.requireOfBrowser(context, password);
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
   * Refuses unless the password is the present one. With a key nobody has to prove a password that they do not have, or that
   * they were given and never came in with: scripts set up the first user of an organisation by its key alone. A browser of
   * somebody who has none needs a login of the last minutes.
   *
   * @returns what is known of how the user signs in
   * @throws ValidationFailed; CastellanError 429 after too many wrong ones, 403 when the login is too old
   */
  async require(context: OrganisationContext, user: UserRow, password: string | undefined): Promise<SignInRow> {
    const signIn = await this.signIns.of(user._id);
    if (user.passwordHash === '') {
      if (await this.isRecent(context)) return signIn;
      throw tooOld();
    }
    const isSettled = signIn.lastLoginAt !== undefined || context.user.sessionId !== null;
    if (password === undefined || password === '') {
      if (isSettled) throw new ValidationFailed([{ path: 'current_password', message: 'is required' }]);
      return signIn;
    }
    const source = { name: `user ${user._id.toString()} ${networkOf(context.request.ip)}`, kind: 'person' } as const;
    await this.throttle.attempt(source, user.email);
    if (!(await isPassword(user.passwordHash, password))) {
      throw new ValidationFailed([{ path: 'current_password', message: 'is not your password' }]);
    }
    await this.throttle.succeeded(source, user.email);
    return signIn;
  }

  /** Whether the session began in the last minutes; a key is none that could have been left open. */
  private async isRecent({ user: { sessionId } }: OrganisationContext): Promise<boolean> {
    if (sessionId === null) return true;
    const session = await this.sessions.named(sessionId);
    return session !== null && this.clock.millis() - session.createdAt < freshMs;
  }
}

const tooOld = (): CastellanError =>
  new CastellanError(403, 'login_too_old', 'Your login is too long ago for this; log in again');
