import { Injectable } from '@nestjs/common';
import { Conflict, NotFound, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import {
  ChangeRecorder,
  SignInStore,
  type ActContext,
  type SignInRow,
  type StoredSecondFactor,
  type UserRow,
} from '@castellan/persistence';
import { Sealer } from '../auth/sealed';
import { newRecoveryCodes, newSecondFactor, recoveryCodeHash, stepOfCode } from './second-factor';

const isOnAlready = (): Conflict => new Conflict('second_factor_on', 'A second factor is on already');

const withoutSpaces = (code: string): string => code.replace(/\s/g, '');

/** Whether it looks like what authenticator apps show. */
const isOfApp = (code: string): boolean => /^\d{6}$/.test(withoutSpaces(code));

/** The optional second factor of users: codes of an authenticator app, and recovery codes for the day it is lost. */
@Injectable()
export class SecondFactorsService {
  constructor(
    private readonly signIns: SignInStore,
    private readonly sealer: Sealer,
    private readonly changes: ChangeRecorder,
    private readonly clock: Clock,
  ) {}

  isOn({ secondFactor }: SignInRow): boolean {
    return secondFactor?.confirmed === true;
  }

  /**
   * Makes a secret that counts for nothing until {@link confirm} has seen a code of it.
   *
   * @throws Conflict while one is on
   */
  async begin(user: UserRow): Promise<{ readonly secret: string; readonly uri: string }> {
    if (this.isOn(await this.signIns.of(user._id))) throw isOnAlready();
    const { secret, uri } = newSecondFactor(user.email);
    const sealed = this.sealer.seal(secret, user._id.toString());
    const secondFactor = { secret: sealed, confirmed: false, lastStep: 0, recoveryCodes: [] };
    await this.signIns.set(user._id, { secondFactor });
    return { secret, uri };
  }

  /**
   * Turns it on. @returns recovery codes, which are nowhere to be had after this
   *
   * @throws NotFound when none was begun, Conflict when it is on already, ValidationFailed when the code is wrong
   */
  async confirm(context: ActContext, user: UserRow, code: string): Promise<readonly string[]> {
    const { secondFactor } = await this.signIns.of(user._id);
    if (secondFactor === undefined) throw new NotFound('No second factor was begun');
    if (secondFactor.confirmed) throw isOnAlready();
    const step = stepOfCode(this.sealer.open(secondFactor.secret, user._id.toString()), code, this.clock.now());
    if (step === null || !(await this.signIns.takeStep(user._id, secondFactor.secret, step))) {
      throw new ValidationFailed([{ path: 'code', message: 'is wrong, or was used before' }]);
    }
    const codes = newRecoveryCodes();
    const recoveryCodes = codes.map(recoveryCodeHash);
    await this.signIns.set(user._id, {
      secondFactor: { ...secondFactor, confirmed: true, lastStep: step, recoveryCodes },
    });
    await this.changes.recordAct(context);
    return codes;
  }

  /** Whether it could be guessed: a recovery code has too many letters for that. */
  isGuessable(code: string): boolean {
    return isOfApp(code);
  }

  /** Whether it is a code of this moment, or a recovery code; either is good once. */
  async take(user: UserRow, signIn: SignInRow, code: string): Promise<boolean> {
    const { secondFactor } = signIn;
    if (secondFactor === undefined) return false;
    if (!isOfApp(code)) return this.signIns.takeRecoveryCode(user._id, recoveryCodeHash(code));
    const step = this.stepOf(user, secondFactor, code);
    return step !== null && (await this.signIns.takeStep(user._id, secondFactor.secret, step));
  }

  /** Whether {@link take} would take it; it stays good. */
  fits(user: UserRow, { secondFactor }: SignInRow, code: string): boolean {
    if (secondFactor === undefined) return false;
    if (!isOfApp(code)) return secondFactor.recoveryCodes.includes(recoveryCodeHash(code));
    return (this.stepOf(user, secondFactor, code) ?? 0) > secondFactor.lastStep;
  }

  private stepOf({ _id }: UserRow, { secret }: StoredSecondFactor, code: string): number | null {
    return stepOfCode(this.sealer.open(secret, _id.toString()), withoutSpaces(code), this.clock.now());
  }

  /** @throws NotFound when there is none */
  async remove(context: ActContext, { _id }: UserRow): Promise<void> {
    if (!(await this.signIns.removeSecondFactor(_id))) throw new NotFound('The user has no second factor');
    await this.changes.recordAct(context);
  }
}
