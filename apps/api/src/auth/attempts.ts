import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import { REDIS, redisKey } from '@castellan/persistence';

const windowSeconds = 60;

/** Counts wrong admin secrets by address, for all replicas together; without Redis each replica counts for itself. */
@Injectable()
export class FailedAttempts {
  private readonly limiter: RateLimiterRedis;

  constructor(@Inject(REDIS) redis: Redis, @Inject(CONFIG) { adminAttempts }: ApiConfig) {
    const limits = { points: adminAttempts, duration: windowSeconds };
    this.limiter = new RateLimiterRedis({
      ...limits,
      storeClient: redis,
      keyPrefix: redisKey('attempts'),
      insuranceLimiter: new RateLimiterMemory(limits),
    });
  }

  /** @throws CastellanError 429 when the address has used up its attempts, right secret or not */
  async refuseIfTooMany(address: string): Promise<void> {
    const state = await this.limiter.get(address);
    if (state !== null && state.remainingPoints <= 0) throw tooMany(state);
  }

  /** @throws CastellanError 429 when this was one too many */
  async count(address: string): Promise<void> {
    try {
      await this.limiter.consume(address);
    } catch (refusal) {
      throw refusal instanceof RateLimiterRes ? tooMany(refusal) : refusal;
    }
  }
}

const tooMany = ({ msBeforeNext }: RateLimiterRes): CastellanError =>
  new CastellanError(429, 'too_many_attempts', 'Too many wrong secrets from this address', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(msBeforeNext / 1_000))) },
  });
