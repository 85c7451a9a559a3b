import { Injectable } from '@nestjs/common';
import { ChangeRecorder, SignInStore, toOrganisationId, UserStore, type UserRow } from '@castellan/persistence';
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
   * guesses, the access key or, in a few attempts, a code of the second factor, waits for nobody's guesses at the address.
   *
   * @throws TooManyAttempts
   */
  async admit(visitor: Visitor, credentials: Credentials): Promise<Source> {
    const { email } = credentials;
    const only = visitor.device === null ? null : await this.onlyMeant(credentials);
    const source = await this.throttle.sourceOf(visitor.address, visitor.device, only?._id.toString() ?? null);
    try {
      await this.throttle.attempt(source, email);
      return source;
    } catch (error) {
      if (!(error instanceof TooManyAttempts)) throw error;
      const vouched = await this.vouchedFor(visitor, credentials);
      if (vouched === null) throw await this.recorded(error, visitor, credentials);
      return vouched;
    }
  }

  /**
   * Takes one attempt at a code of a user whose password was just shown, from wherever it comes: whoever has stolen the password
   * could else try codes from one address after another. Nobody without the password can use these attempts up, and a browser
   * in which the person came in before, the access key and recovery codes do not need them.
   *
   * @returns what to call {@link codeSucceeded} with
   * @throws TooManyAttempts
   */
  async admitCode(visitor: Visitor, user: UserRow, { kind }: Source, code: string): Promise<Source | null> {
    if (kind !== 'address' || !this.factors.isGuessable(code)) return null;
    const meant = { email: user.email, organisation: toOrganisationId(user.orgId) };
    return this.counted({ name: `codes of ${user._id.toString()}`, kind: 'person' }, visitor, meant);
  }

  /** Forgets the wrong codes. */
  async codeSucceeded(source: Source | null, { email }: UserRow): Promise<void> {
    if (source !== null) await this.throttle.succeeded(source, email);
  }

  /** Forgets the failures, and knows the browser from now on. */
  async succeeded(visitor: Visitor, { email }: Credentials, source: Source, user: UserRow): Promise<void> {
    await this.throttle.succeeded(source, email, await this.isShared(user));
    if (source.kind !== 'browser') visitor.giveDevice(await this.throttle.remember(user._id.toString()));
  }

  /** Forgets the failures at a user who was given a new password, unless they may have been meant for another one. */
  async pardon(user: UserRow): Promise<void> {
    if (!(await this.isShared(user))) await this.throttle.pardon(user.email);
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

  /**
   * Who is meant, by what nobody else can show; null when nothing of it is shown. Where several users have the address, one of
   * them must not be vouched for to guess the password of another. The attempt is taken from what this person has before the
   * code is looked at: a code has six digits, and whoever has the password could else try them all.
   *
   * @throws TooManyAttempts
   */
  private async vouchedFor(visitor: Visitor, credentials: Credentials): Promise<Source | null> {
    const { accessKey } = visitor;
    const user = accessKey === '' && credentials.code === '' ? null : await this.onlyMeant(credentials);
    if (user === null) return null;
    const keyed = accessKey === '' ? null : await this.users.activeByAccessKeyHash(accessKeyHash(accessKey));
    if (keyed?._id.equals(user._id) === true) {
      return this.counted({ name: `key of ${user._id.toString()}`, kind: 'person' }, visitor, credentials);
    }
    const signIn = await this.signIns.of(user._id);
    if (credentials.code === '' || !this.factors.isOn(signIn)) return null;
    const named = { name: `second factor of ${user._id.toString()}`, kind: 'person' } as const;
    const source = await this.counted(named, visitor, credentials);
    return this.factors.fits(user, signIn, credentials.code) ? source : null;
  }

  /** Takes one attempt of a source. @throws TooManyAttempts, which is in the audit log by then */
  private async counted(
    source: Source,
    visitor: Visitor,
    credentials: Pick<Credentials, 'email' | 'organisation'>,
  ): Promise<Source> {
    try {
      await this.throttle.attempt(source, credentials.email);
      return source;
    } catch (error) {
      throw error instanceof TooManyAttempts ? await this.recorded(error, visitor, credentials) : error;
    }
  }

  /** The same refusal, in the audit log if it is the first one of its delay. */
  private async recorded(
    refusal: TooManyAttempts,
    visitor: Visitor,
    credentials: Pick<Credentials, 'email' | 'organisation'>,
  ): Promise<TooManyAttempts> {
    const why = 'too_many_attempts: has to wait';
    if (refusal.isFirst) await this.recordFailure(visitor, credentials, refusal.status, why);
    return refusal;
  }

  /** The user who is meant; null for nobody, and where it may be one of several. */
  private async onlyMeant(credentials: Credentials): Promise<UserRow | null> {
    const [only, another] = await this.meant(credentials);
    return another === undefined ? (only ?? null) : null;
  }

  /** Whether another organisation has a user of the same address. */
  private async isShared({ email }: UserRow): Promise<boolean> {
    return (await this.users.ofAddress(email, null, 2)).length > 1;
  }
}
