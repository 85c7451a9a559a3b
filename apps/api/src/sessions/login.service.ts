import { Injectable } from '@nestjs/common';
import { CastellanError, Conflict, Unauthorised } from '@castellan/dto';
import { Clock, Metrics } from '@castellan/observability';
import {
  ChangeRecorder,
  OrganisationStore,
  SignInStore,
  toOrganisationId,
  UserStore,
  type OrganisationId,
  type SignInRow,
  type UserRow,
} from '@castellan/persistence';
import { comparePointlessly, hashPassword, isOldForm, isPassword } from '../auth/passwords';
import { LoginThrottle } from './login-throttle';
import { PasswordsService } from './passwords.service';
import { SecondFactorsService } from './second-factors.service';
import { SessionsService, type LoginMethod, type Session } from './sessions.service';
import { comparableEmail } from '../users/email-address';
import type { Visitor } from './visitor';

/** What somebody shows to be let in. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Which organisation is meant, when the address exists in several; null when that was not said. */
  readonly organisation: OrganisationId | null;
  /** A code of the second factor; empty when none was given. */
  readonly code: string;
  /** The password to have from now on; empty to keep the one there is. */
  readonly newPassword: string;
}

/** Users of one address that are tried when no organisation is named. */
const mostTried = 4;

const action = 'Login';

const wrong = (): Unauthorised => new Unauthorised('The address or the password is wrong');

/** Lets people in by a browser. Whoever fails hears the same, after the same work, whatever the reason is. */
@Injectable()
export class LoginService {
  private readonly logins: ReturnType<Metrics['counter']>;

  constructor(
    private readonly users: UserStore,
    private readonly signIns: SignInStore,
    private readonly organisations: OrganisationStore,
    private readonly sessions: SessionsService,
    private readonly throttle: LoginThrottle,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly changes: ChangeRecorder,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.logins = metrics.counter('castellan_logins_total', 'Logins by what came of them', ['result']);
  }

  /**
   * @throws CastellanError 429 while earlier failures ask to wait; Unauthorised; Conflict when the organisation has to be
   * named; CastellanError 401 or 403 when a code or a new password is needed
   */
  async logIn(visitor: Visitor, credentials: Credentials): Promise<{ user: UserRow; session: Session }> {
    const { email } = credentials;
    const source = await this.throttle.sourceOf(visitor.address, visitor.device, email);
    try {
      await this.throttle.attempt(source, email);
      const user = await this.prove(visitor, credentials);
      await this.throttle.succeeded(source, email);
      if (!source.isKnown) visitor.giveDevice(await this.throttle.remember(email));
      return { user, session: await this.open(visitor, user, 'password') };
    } catch (error) {
      this.logins.inc({ result: error instanceof CastellanError ? error.code : 'internal' });
      throw error;
    }
  }

  /** A new session for somebody who was proven, in the place of what the browser had. */
  async open(
    visitor: Visitor,
    user: UserRow,
    method: LoginMethod,
    { reason = '', groupIds = [] }: { readonly reason?: string; readonly groupIds?: readonly string[] } = {},
  ): Promise<Session> {
    await this.signIns.set(user._id, { lastLoginAt: this.clock.now() });
    const { session, token } = await this.sessions.open({
      userId: user._id.toString(),
      organisationId: user.orgId.toString(),
      address: visitor.address,
      agent: visitor.agent,
      method,
      groupIds,
    });
    await this.changes.recordAct({ ...visitor.contextOf(action, user), reason });
    await this.sessions.endOfCookie(visitor.sessionToken);
    visitor.giveSession(token);
    this.logins.inc({ result: 'ok' });
    return session;
  }

  private async prove(visitor: Visitor, credentials: Credentials): Promise<UserRow> {
    const { email, password, organisation } = credentials;
    const meant = await this.users.ofAddress(comparableEmail(email.trim()), organisation, mostTried);
    const proven = await this.provenAmong(meant, password);
    const [user, another] = proven;
    if (user === undefined) {
      await this.recordFailure(visitor, email, meant, 'wrong address or password');
      throw wrong();
    }
    if (another !== undefined) throw await this.askWhich(proven);
    const signIn = await this.signIns.of(user._id);
    await this.requireSecondFactor(visitor, user, signIn, credentials.code);
    await this.renewPassword(visitor, user, signIn, credentials);
    return user;
  }

  /** Compares with all of them at once, and with nobody's when there is nobody, so that the time tells little. */
  private async provenAmong(meant: readonly UserRow[], password: string): Promise<readonly UserRow[]> {
    if (meant.length === 0) await comparePointlessly(password);
    const fits = await Promise.all(
      meant.map(async ({ passwordHash, active, service }) => {
        if (passwordHash !== '' && service !== true) return (await isPassword(passwordHash, password)) && active;
        await comparePointlessly(password);
        return false;
      }),
    );
    return meant.filter((_, index) => fits[index] === true);
  }

  private async askWhich(proven: readonly UserRow[]): Promise<Conflict> {
    const choices = await Promise.all(
      proven.map(async ({ orgId }) => {
        const row = await this.organisations.byId(toOrganisationId(orgId));
        // A super user is chosen by the id that no organisation has.
        return { org_id: orgId.toString(), owner_name: row?.name ?? 'All organisations' };
      }),
    );
    const message = 'You are a user of several organisations; say which one in org_id';
    return new Conflict('organisation_needed', message, { meta: { organisations: choices } });
  }

  private async requireSecondFactor(visitor: Visitor, user: UserRow, signIn: SignInRow, code: string): Promise<void> {
    if (!this.factors.isOn(signIn)) return;
    if (code === '') {
      throw new CastellanError(401, 'second_factor_required', 'A code of your second factor is needed in `code`');
    }
    if (await this.factors.take(user, signIn, code)) return;
    await this.recordFailure(visitor, user.email, [user], 'wrong code of the second factor');
    throw new CastellanError(401, 'second_factor_required', 'The code is wrong, or was used before');
  }

  /** Takes the new password where one was sent, demands one where the old one is too old, and renews an old form. */
  private async renewPassword(
    visitor: Visitor,
    user: UserRow,
    signIn: SignInRow,
    { password, newPassword }: Credentials,
  ): Promise<void> {
    if (newPassword !== '') {
      await this.passwords.requireGood(newPassword, user, signIn, 'new_password');
      await this.passwords.set(visitor.contextOf('Update User Password', user), user, newPassword);
      await this.sessions.endAllOf(user._id.toString());
      return;
    }
    if (await this.passwords.isTooOld(user, signIn)) {
      throw new CastellanError(
        403,
        'password_expired',
        'Your password is too old; send a new one in new_password with it',
      );
    }
    if (isOldForm(user.passwordHash)) await this.users.upgradePasswordHash(user, await hashPassword(password));
  }

  /** In the audit log of each organisation that has such a user, and of the operator where there is none. */
  private async recordFailure(visitor: Visitor, name: string, meant: readonly UserRow[], why: string): Promise<void> {
    const concerned = meant.length === 0 ? [null] : meant.map(({ orgId }) => orgId.toString());
    for (const organisation of concerned) {
      await this.changes.recordRefusal({ ...visitor.traceOf(action, name), organisation }, 401, `unauthorised: ${why}`);
    }
  }
}
