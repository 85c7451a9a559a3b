import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Conflict, Unauthorised } from '@castellan/dto';
import { Clock, Metrics } from '@castellan/observability';
import {
  ChangeRecorder,
  OrganisationStore,
  SignInStore,
  toOrganisationId,
  UserStore,
  type SignInRow,
  type UserRow,
} from '@castellan/persistence';
import { comparePointlessly, hashPassword, isOldForm, isPassword } from '../auth/passwords';
import type { Credentials } from './credentials';
import { LoginAdmission } from './login-admission';
import type { Source } from './login-throttle';
import { untilWholePace } from './pace';
import { PasswordsService } from './passwords.service';
import { SecondFactorsService } from './second-factors.service';
import { SessionsService, type LoginMethod, type Session } from './sessions.service';
import type { Visitor } from './visitor';

const action = 'Login';

const wrong = (): Unauthorised => new Unauthorised('The address or the password is wrong');

/** Lets people in by a browser. Whoever fails hears the same, after the same time, whatever the reason is. */
@Injectable()
export class LoginService {
  private readonly logins: ReturnType<Metrics['counter']>;

  constructor(
    private readonly users: UserStore,
    private readonly admission: LoginAdmission,
    private readonly signIns: SignInStore,
    private readonly organisations: OrganisationStore,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly changes: ChangeRecorder,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    metrics: Metrics,
  ) {
    this.logins = metrics.counter('castellan_logins_total', 'Logins by what came of them', ['result']);
  }

  /**
   * @throws CastellanError 429 while earlier failures ask to wait; Unauthorised; Conflict when the organisation has to be
   * named; CastellanError 401 or 403 when a code or a new password is needed
   */
  async logIn(visitor: Visitor, credentials: Credentials): Promise<{ user: UserRow; session: Session }> {
    const begun = performance.now();
    try {
      const source = await this.admission.admit(visitor, credentials);
      const user = await this.prove(visitor, credentials, source, begun);
      await this.admission.succeeded(visitor, credentials, source, user);
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

  private async prove(visitor: Visitor, credentials: Credentials, source: Source, begun: number): Promise<UserRow> {
    const proven = await this.provenAmong(await this.admission.meant(credentials), credentials.password);
    const [user, another] = proven;
    if (user === undefined) {
      await this.admission.recordFailure(visitor, credentials, 401, 'unauthorised: wrong address or password');
      await untilWholePace(begun, this.config.loginPaceMs);
      throw wrong();
    }
    if (another !== undefined) throw await this.askWhich(proven);
    const signIn = await this.signIns.of(user._id);
    await this.requireSecondFactor(visitor, user, signIn, { code: credentials.code, source });
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

  private async requireSecondFactor(
    visitor: Visitor,
    user: UserRow,
    signIn: SignInRow,
    { code, source }: { readonly code: string; readonly source: Source },
  ): Promise<void> {
    if (!this.factors.isOn(signIn)) return;
    if (code === '') {
      throw new CastellanError(401, 'second_factor_required', 'A code of your second factor is needed in `code`');
    }
    const counted = await this.admission.admitCode(visitor, user, source, code);
    if (await this.factors.take(user, signIn, code)) {
      await this.admission.codeSucceeded(counted, user);
      return;
    }
    const { email, orgId } = user;
    const tried = { email, organisation: toOrganisationId(orgId) };
    await this.admission.recordFailure(visitor, tried, 401, 'unauthorised: wrong code of the second factor');
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
}
