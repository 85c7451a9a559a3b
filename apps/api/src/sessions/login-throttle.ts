import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import { CastellanError } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import { networkOf } from '../http/caller-network';
import { comparableEmail } from '../users/email-address';
import { attemptScript, takeBackScript } from './session-scripts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    castellanAttempt(keys: number, ...parameters: string[]): Result<[number, number], Context>;
    castellanTakeBack(key: string): Result<number, Context>;
  }
}

interface Pace {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly rememberedMs: number;
}

/** Of one address that tries one account: somebody who forgot which password it was, or who guesses. */
const paceOfPair: Pace = { free: 5, firstDelayMs: 1_000, longestDelayMs: 15 * 60_000, rememberedMs: 24 * 3_600_000 };
/** Of one address that tries many accounts: an office behind one address, or a list of stolen passwords. */
const paceOfAddress: Pace = { free: 50, firstDelayMs: 1_000, longestDelayMs: 5 * 60_000, rememberedMs: 3_600_000 };

/** Where attempts come from. */
export interface Source {
  readonly name: string;
  /** An address, a browser that is known from an earlier login to the account, or somebody who is known in another way. */
  readonly kind: 'address' | 'browser' | 'person';
}

/** An attempt that has to wait for the failures before it. */
export class TooManyAttempts extends CastellanError {
  /** @param isFirst whether it is the first one that this delay keeps off, which is worth a record; there may be millions */
  constructor(
    waitMs: number,
    readonly isFirst: boolean,
  ) {
    super(429, 'too_many_attempts', 'Too many attempts; wait before the next one', {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
    });
  }
}

const deviceSeconds = 180 * 24 * 3_600;

/**
 * Growing delays for those who guess secrets of people. Failures are counted for an address and for an address together
 * with an account, never for an account alone: a stranger who fails a thousand times for somebody does not keep that
 * somebody, who comes from elsewhere, from logging in. A browser from which the person has come in before is counted by
 * itself, so that not even a guesser behind the same address delays it.
 *
 * One address of mail may be that of users of several organisations. Who has the password of one of them is nobody in the
 * others: neither the browser that came in as one, nor its success, helps to guess the password of another.
 */
@Injectable()
export class LoginThrottle {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly clock: Clock,
  ) {
    redis.defineCommand('castellanAttempt', { lua: attemptScript });
    redis.defineCommand('castellanTakeBack', { lua: takeBackScript, numberOfKeys: 1 });
  }

  /**
   * @param device the token that {@link remember} gave to the browser, if it has one
   * @param userId the only user who can be meant; null for nobody, and where several can be
   */
  async sourceOf(address: string, device: string | null, userId: string | null): Promise<Source> {
    const known = device === null || userId === null ? null : await this.redis.get(this.deviceKey(device));
    if (device === null || known === null || known !== userId) return { name: networkOf(address), kind: 'address' };
    return { name: `device ${digest(device)}`, kind: 'browser' };
  }

  /** @returns a token by which the browser of a user is known from now on */
  async remember(userId: string): Promise<string> {
    const device = randomBytes(32).toString('base64url');
    await this.redis.set(this.deviceKey(device), userId, 'EX', deviceSeconds);
    return device;
  }

  /**
   * Takes one attempt. It counts as a failure until {@link succeeded} is called; one that has to wait counts for nothing.
   *
   * @param account what was given as the account, whether there is such a one or not
   * @throws TooManyAttempts
   */
  async attempt(source: Source, account: string): Promise<void> {
    const counts: readonly (readonly [string, Pace])[] = [
      [await this.pairKey(source, account), paceOfPair],
      ...(source.kind === 'address' ? [[this.sourceKey(source), paceOfAddress] as const] : []),
    ];
    const numbers = counts.flatMap(([, pace]) => [
      pace.free,
      pace.firstDelayMs,
      pace.longestDelayMs,
      pace.rememberedMs,
    ]);
    const [wait, isFirst] = await this.redis.castellanAttempt(
      counts.length,
      ...counts.map(([key]) => key),
      ...[this.clock.millis(), ...numbers].map(String),
    );
    if (wait > 0) throw new TooManyAttempts(wait, isFirst === 1);
  }

  /**
   * Takes this attempt back from the address, which may serve many people, and forgets the failures of the pair.
   *
   * @param isShared whether users of several organisations have the account: then their failures stay
   */
  async succeeded(source: Source, account: string, isShared = false): Promise<void> {
    const pair = await this.pairKey(source, account);
    await (isShared ? this.redis.castellanTakeBack(pair) : this.redis.del(pair));
    if (source.kind === 'address') await this.redis.castellanTakeBack(this.sourceKey(source));
  }

  /** Forgets the failures of an account, from wherever they came. */
  async pardon(account: string): Promise<void> {
    await this.redis.set(this.pardonKey(account), randomBytes(8).toString('hex'), 'PX', paceOfPair.rememberedMs);
  }

  private deviceKey(device: string): string {
    return redisKey('devices', digest(device));
  }

  private sourceKey({ name }: Source): string {
    return redisKey('logins', digest(name));
  }

  private pardonKey(account: string): string {
    return redisKey('login-pardons', digest(fold(account)));
  }

  /** Another one after each pardon: what was counted before is nobody's any more. */
  private async pairKey({ name }: Source, account: string): Promise<string> {
    const pardon = (await this.redis.get(this.pardonKey(account))) ?? '';
    return redisKey('logins', digest(name), digest(`${fold(account)} ${pardon}`));
  }
}

/** Other letters for the same address are no other account. */
const fold = (account: string): string => comparableEmail(account.trim());

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
