import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import { LOGGER, Metrics, type Logger } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import type { GuardedRequest, Principal } from '@castellan/rbac';
import { addressOf } from './caller-address';
import { networkOf } from './caller-network';

const windowSeconds = 60;
/** The limiter only counts; how many are too many depends on who asks. */
const countless = Number.MAX_SAFE_INTEGER;
/** Pause between two words about a Redis that is away, in milliseconds. */
const quietMs = 60_000;

/** What probes ask every few seconds. */
const unlimited = new Set(['/health/live', '/health/ready', '/metrics', '/hello']);

interface Caller {
  readonly key: string;
  /** Requests a minute; 0 for any number. */
  readonly most: number;
}

/**
 * How many requests a caller may send a minute, counted in Redis for all replicas together: by the credential that it has shown
 * or, without a good one, by its address. So those who share an address do not share a limit. Gateways are not counted, and
 * while Redis is away nobody is.
 */
@Injectable()
export class RateLimits {
  private readonly limiter: RateLimiterRedis;
  private readonly refused: ReturnType<Metrics['counter']>;
  private saidAt = -Infinity;

  constructor(
    @Inject(REDIS) storeClient: Redis,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    const keyPrefix = redisKey('rate');
    this.limiter = new RateLimiterRedis({ storeClient, keyPrefix, points: countless, duration: windowSeconds });
    this.refused = metrics.counter('castellan_rate_limited_total', 'Requests beyond the limit of their caller', ['by']);
  }

  /**
   * Counts a request, and says in the headers of its reply how many are left.
   *
   * @throws CastellanError 429
   */
  async take(request: FastifyRequest & GuardedRequest, reply: FastifyReply): Promise<void> {
    if (request.access?.plane === 'node' || unlimited.has(request.routeOptions.url ?? '')) return;
    const { key, most } = this.callerOf(request);
    if (most === 0) return;
    const taken = await this.count(key);
    if (taken === null) return;
    const seconds = Math.max(1, Math.ceil(taken.msBeforeNext / 1_000));
    const headers = {
      'ratelimit-policy': `${most};w=${windowSeconds}`,
      'ratelimit-limit': String(most),
      'ratelimit-remaining': String(Math.max(0, most - taken.consumedPoints)),
      'ratelimit-reset': String(seconds),
    };
    void reply.headers(headers);
    if (taken.consumedPoints <= most) return;
    this.refused.inc({ by: request.principal?.plane ?? 'address' });
    throw new CastellanError(429, 'rate_limited', `Too many requests; there may be ${most} a minute`, {
      headers: { ...headers, 'retry-after': String(seconds) },
    });
  }

  private callerOf(request: FastifyRequest & GuardedRequest): Caller {
    const { principal } = request;
    if (principal === undefined)
      return { key: `address ${networkOf(addressOf(request))}`, most: this.config.rateLimitAddress };
    return { key: nameOf(principal), most: this.limitOf(principal) };
  }

  private limitOf(principal: Principal): number {
    if (principal.plane !== 'organisation') return this.config.rateLimit;
    return principal.rateLimit ?? (principal.isService ? this.config.rateLimitService : this.config.rateLimit);
  }

  /** Null while Redis is away. */
  private async count(key: string): Promise<{ readonly consumedPoints: number; readonly msBeforeNext: number } | null> {
    try {
      return await this.limiter.consume(digest(key));
    } catch (error) {
      if (performance.now() - this.saidAt > quietMs) {
        this.saidAt = performance.now();
        this.logger.warn({ err: error }, 'Requests are not counted, and none is refused for its number');
      }
      return null;
    }
  }
}

/** A user by the user, whatever key or session shows it. */
const nameOf = (principal: Principal): string => {
  if (principal.plane === 'organisation') return `user ${principal.userId}`;
  return principal.plane === 'operator' ? `operator ${principal.operator}` : 'node';
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
