import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { ReplicaLock, type Lease } from '../../retention/replica-lock';

const job = 'analytics purger';
/** Rounds that a lease lasts, and how long it is at least, in milliseconds; gateways' lists live for 60 seconds. */
const rounds = 10;
const shortestMs = 2_000;

/** What a server says that has no more room: it takes no new names, and the lease is one. */
const isFull = (error: unknown): boolean => error instanceof Error && error.message.startsWith('OOM ');

/**
 * Which replica purges. It saves work and nothing rests on it, so a Redis that is full is emptied without it: a lease
 * cannot be written there before it has room again.
 */
@Injectable()
export class PurgerLease {
  private lease: Pick<Lease, 'extend' | 'release'> | null = null;
  private readonly leaseMs: number;

  constructor(
    private readonly lock: ReplicaLock,
    @Inject(CONFIG) config: ApiConfig,
  ) {
    this.leaseMs = Math.max(config.analyticsPurgeMs * rounds, shortestMs);
  }

  get held(): boolean {
    return this.lease !== null;
  }

  /** Goes on with the lease that there is. @returns false when there is none, or it has run out */
  async extend(): Promise<boolean> {
    if (this.lease !== null && (await this.lease.extend())) return true;
    this.lease = null;
    return false;
  }

  async acquire(): Promise<boolean> {
    try {
      this.lease = await this.lock.acquire(job, this.leaseMs);
    } catch (error) {
      if (!isFull(error)) throw error;
      const until = performance.now() + this.leaseMs;
      this.lease = {
        extend: () => Promise.resolve(performance.now() < until),
        release: () => Promise.resolve(),
      };
    }
    return this.held;
  }

  /** Whether any replica purges. */
  isAnybodys(): Promise<boolean> {
    return this.lock.isTaken(job);
  }

  async release(): Promise<void> {
    await this.lease?.release();
  }
}
