import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '@castellan/dto';
import { SignInStore, type SignInRow, type UserRow } from '@castellan/persistence';
import { isPassword } from '../auth/passwords';
import type { OrganisationContext } from '../http/request-context';
import { LoginThrottle } from './login-throttle';

/** Asks callers for their password again, for what a stolen session or key must not do. */
@Injectable()
export class Proof {
  constructor(
    private readonly signIns: SignInStore,
    private readonly throttle: LoginThrottle,
  ) {}

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
    const source = { name: `user ${user._id.toString()} ${context.request.ip}`, isKnown: true };
    await this.throttle.attempt(source, user.email);
    if (!(await isPassword(user.passwordHash, password))) {
      throw new ValidationFailed([{ path: 'current_password', message: 'is not your password' }]);
    }
    await this.throttle.succeeded(source, user.email);
    return signIn;
  }
}
