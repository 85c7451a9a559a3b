import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type NodeReloaded, nodeReloadedSchema, REDIS, redisKey } from '@castellan/delivery';
import { LOGGER, type Logger } from '@castellan/observability';
import { KEPT_TEXT, type KeptText } from '@castellan/persistence';

export type ReloadReport = NodeReloaded;

/** The last that host managers said of each node they look after, by control URL. */
@Injectable()
export class ReloadReports {
  private readonly key = redisKey('reloads');

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(KEPT_TEXT) private readonly kept: KeptText,
  ) {}

  /** Keeps a report as it came over Redis; what is none is logged and dropped. */
  async store(event: unknown): Promise<void> {
    const parsed = nodeReloadedSchema.safeParse(event);
    if (!parsed.success) {
      this.logger.warn({ problems: parsed.error.issues }, 'A reload report could not be read');
      return;
    }
    await this.redis.hset(this.key, this.kept(parsed.data.url), this.kept(JSON.stringify(parsed.data)));
  }

  async all(): Promise<readonly ReloadReport[]> {
    const entries = await this.redis.hgetall(this.key);
    return Object.values(entries)
      .flatMap((text) => {
        const parsed = nodeReloadedSchema.safeParse(JSON.parse(text));
        return parsed.success ? [parsed.data] : [];
      })
      .sort((a, b) => (a.url < b.url ? -1 : 1));
  }
}
