import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type NodeReloaded, REDIS, toTransportMessage, transportEvents } from '@castellan/delivery';
import { LOGGER, type Logger } from '@castellan/observability';

/** Tells the API what was seen of each gateway, and tells it again whenever it may have missed it. */
@Injectable()
export class Reports {
  private readonly byUrl = new Map<string, NodeReloaded>();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  latest(): readonly NodeReloaded[] {
    return [...this.byUrl.values()];
  }

  /** The last report of one gateway. */
  of(url: string): NodeReloaded | undefined {
    return this.byUrl.get(url);
  }

  async publish(report: NodeReloaded): Promise<void> {
    this.byUrl.set(report.url, report);
    await this.send(report);
  }

  async publishAgain(): Promise<void> {
    for (const report of this.byUrl.values()) await this.send(report);
  }

  private async send(report: NodeReloaded): Promise<void> {
    const pattern = transportEvents.nodeReloaded;
    try {
      await this.redis.publish(pattern, toTransportMessage(pattern, report));
    } catch (error) {
      this.logger.warn({ err: error, url: report.url }, 'A report could not be sent yet');
    }
  }
}
