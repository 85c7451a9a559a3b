import { Global, Inject, Module, type BeforeApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { setTimeout as delay } from 'node:timers/promises';
import { CONFIG, type CommonConfig } from '@castellan/config';
import { Health } from '@castellan/observability';
import { REDIS } from './redis.module';

const createHealth = (connection: Connection, redis: Redis): Health =>
  new Health({
    mongodb: () => connection.db?.admin().ping() ?? Promise.reject(new Error('Not connected')),
    redis: () => redis.ping(),
  });

/** Whether the process can do its work, which needs both stores; and the order in which it stops. */
@Global()
@Module({
  providers: [{ provide: Health, inject: [getConnectionToken(), REDIS], useFactory: createHealth }],
  exports: [Health],
})
export class HealthModule implements OnModuleDestroy, BeforeApplicationShutdown {
  constructor(
    private readonly health: Health,
    @Inject(CONFIG) private readonly config: CommonConfig,
  ) {}

  /** First of all, readiness goes down. */
  onModuleDestroy(): void {
    this.health.beginShutdown();
  }

  /** Load balancers get time to notice before the listener closes; requests under way finish after that. */
  async beforeApplicationShutdown(): Promise<void> {
    await delay(this.config.shutdownDelayMs);
  }
}
