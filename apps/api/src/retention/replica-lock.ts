import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS, redisKey } from '@castellan/delivery';

/** A replica that dies holds its locks at most this long, in milliseconds, unless the job says otherwise. */
const usualLeaseMs = 30_000;

/** Both act only on a lock that is still the caller's: after the lease it may be somebody else's. */
const extendScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** A lock that was got; it ends by itself when it is not extended. */
export class Lease {
  constructor(
    private readonly redis: Redis,
    private readonly key: string,
    private readonly token: string,
    private readonly leaseMs: number,
  ) {}

  /** Begins the lease anew. @returns false when it had run out and may be another replica's now */
  async extend(): Promise<boolean> {
    return (await this.redis.eval(extendScript, 1, this.key, this.token, this.leaseMs)) === 1;
  }

  async release(): Promise<void> {
    await this.redis.eval(releaseScript, 1, this.key, this.token);
  }
}

/**
 * Lets one replica at a time do a job. It saves work and is no more than that: a pause can outlast a lease, so what the
 * job does has to be right even when two do it at once.
 */
@Injectable()
export class ReplicaLock {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  /** @returns null when another replica has it */
  async acquire(job: string, leaseMs = usualLeaseMs): Promise<Lease | null> {
    const key = redisKey('lock', job);
    const token = randomUUID();
    const got = await this.redis.set(key, token, 'PX', leaseMs, 'NX');
    return got === null ? null : new Lease(this.redis, key, token, leaseMs);
  }

  /** Whether any replica has it. */
  async isTaken(job: string): Promise<boolean> {
    return (await this.redis.exists(redisKey('lock', job))) > 0;
  }
}
