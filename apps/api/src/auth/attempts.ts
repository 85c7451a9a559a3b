import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Unauthorised } from '@castellan/dto';
import { LOGGER, type Logger } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import { networkOf } from '../http/caller-network';

const windowSeconds = 60;

/** What was guessed at: the installation's admin secret, or an access key or the node secret. */
export type Guessed = 'admin' | 'credential';

/**
 * Counts wrong credentials by address, for all replicas together; without Redis each replica counts for itself. Only wrong
 * ones are ever refused for it: whoever else sends from the same address keeps being let in.
 */
@Injectable()
export class FailedAttempts {
  private readonly limiters: Readonly<Record<Guessed, RateLimiterRedis>>;

  constructor(
    @Inject(REDIS) redis: Redis,
    @Inject(CONFIG) { adminAttempts, credentialAttempts }: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const limiter = (name: string, points: number): RateLimiterRedis => {
      const limits = { points, duration: windowSeconds, keyPrefix: redisKey(name) };
      return new RateLimiterRedis({
        ...limits,
        storeClient: redis,
        // Who is over the limit causes no more work in Redis.
        inMemoryBlockOnConsumed: points + 1,
        inMemoryBlockDuration: windowSeconds,
        insuranceLimiter: new RateLimiterMemory(limits),
      });
    };
    this.limiters = {
      admin: limiter('attempts', adminAttempts),
      credential: limiter('credential-attempts', credentialAttempts),
    };
  }

  /** Counts a wrong credential, and says how it is to be refused: 401 or, when there have been too many, 429. */
  async refusal(guessed: Guessed, address: string): Promise<CastellanError> {
    try {
      await this.limiters[guessed].consume(networkOf(address));
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return tooMany(refused);
      this.logger.warn({ err: refused }, 'A wrong credential could not be counted');
    }
    return new Unauthorised();
  }
}

const tooMany = ({ msBeforeNext }: RateLimiterRes): CastellanError =>
  new CastellanError(429, 'too_many_attempts', 'Not authorised, and too many wrong credentials from this address', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(msBeforeNext / 1_000))) },
  });
