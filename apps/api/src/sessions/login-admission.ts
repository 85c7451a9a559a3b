import { Injectable } from '@nestjs/common';
import { ChangeRecorder, SignInStore, UserStore, type UserRow } from '@castellan/persistence';
import { accessKeyHash } from '../auth/secrets';
import { comparableEmail } from '../users/email-address';
import type { Credentials } from './credentials';
import { LoginThrottle, TooManyAttempts, type Source } from './login-throttle';
import { SecondFactorsService } from './second-factors.service';
import type { Visitor } from './visitor';

/** Users of one address that are looked at when no organisation is named. */
const mostTried = 4;

/** Decides which attempts to log in are judged now, and which have to wait for what others did from the same address. */
@Injectable()
export class LoginAdmission {
  constructor(
    private readonly users: UserStore,
    private readonly signIns: SignInStore,
    private readonly throttle: LoginThrottle,
    private readonly factors: SecondFactorsService,
    private readonly changes: ChangeRecorder,
  ) {}

  /**
   * Takes one attempt, which counts as a failure until {@link succeeded} is called. Whoever shows something else that nobody
   * guesses, a code of the second factor or the access key, waits for nobody's guesses.
   *
   * @throws TooManyAttempts
   */
  async admit(visitor: Visitor, credentials: Credentials): Promise<Source> {
    const { email } = credentials;
    const source = await this.throttle.sourceOf(visitor.address, visitor.device, email);
    try {
      await this.throttle.attempt(source, email);
      return source;
    } catch (error) {
      if (!(error instanceof TooManyAttempts)) throw error;
      const vouched = await this.vouchedFor(visitor, credentials);
      if (vouched === null) {
        if (error.isFirst)
          await this.recordFailure(visitor, credentials, error.status, 'too_many_attempts: has to wait');
        throw error;
      }
      await this.throttle.attempt(vouched, email);
      return vouched;
    }
  }

  /** Forgets the failures, and knows the browser from now on. */
  async succeeded(visitor: Visitor, { email }: Credentials, source: Source): Promise<void> {
    await this.throttle.succeeded(source, email);
    if (source.kind !== 'browser') visitor.giveDevice(await this.throttle.remember(email));
  }

  /** The users who may be meant. */
  meant({ email, organisation }: Pick<Credentials, 'email' | 'organisation'>): Promise<readonly UserRow[]> {
    return this.users.ofAddress(comparableEmail(email.trim()), organisation, mostTried);
  }

  /** In the audit log of each organisation that has such a user, and of the operator where there is none. */
  async recordFailure(
    visitor: Visitor,
    credentials: Pick<Credentials, 'email' | 'organisation'>,
    status: number,
    why: string,
  ): Promise<void> {
    const meant = await this.meant(credentials);
    const concerned = meant.length === 0 ? [null] : meant.map(({ orgId }) => orgId.toString());
    for (const organisation of concerned) {
      await this.changes.recordRefusal({ ...visitor.traceOf('Login', credentials.email), organisation }, status, why);
    }
  }

  /** Somebody of the users who are meant, by what they alone can show; null when nothing of it is shown. */
  private async vouchedFor(visitor: Visitor, credentials: Credentials): Promise<Source | null> {
    const { accessKey } = visitor;
    const keyed = accessKey === '' ? null : await this.users.activeByAccessKeyHash(accessKeyHash(accessKey));
    if (keyed !== null && comparableEmail(keyed.email) === comparableEmail(credentials.email.trim())) {
      return { name: `key of ${keyed._id.toString()}`, kind: 'person' };
    }
    if (credentials.code === '') return null;
    for (const user of await this.meant(credentials)) {
      const signIn = await this.signIns.of(user._id);
      if (this.factors.isOn(signIn) && this.factors.fits(user, signIn, credentials.code)) {
        return { name: `second factor of ${user._id.toString()}`, kind: 'person' };
      }
    }
    return null;
  }
}
