import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiConfig } from '@castellan/config';
import { Health, type Logger } from '@castellan/observability';
import { startTransport } from '@castellan/delivery';
import { createApp } from './app';
import { FrontDoor } from './http/front-door';
import { createAdapter } from './http/server';

/**
 * The process around the API. It listens first and goes last, so that a gateway that comes at any time in between finds
 * somebody who answers.
 */
export class ApiProcess {
  private readonly door = new FrontDoor();
  private readonly hurry = new AbortController();
  private app: NestFastifyApplication | null = null;
  private stopping = false;

  constructor(
    private readonly config: ApiConfig,
    private readonly logger: Logger,
  ) {}

  /** Resolves when the API serves, however long its databases keep it waiting. */
  async start(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        this.onSignal(signal);
      });
    }
    const { config, logger, door } = this;
    const adapter = createAdapter(config, logger, door);
    await door.listen(config.apiPort, config.apiHost);
    logger.info({ url: door.url }, 'The API listens');

    const app = await createApp(config, logger, adapter);
    const health = app.get(Health);
    health.beginStarting();
    adapter.getInstance().addHook('preClose', () => door.close());
    await app.init();
    await adapter.getInstance().ready();
    if (this.stopping) return;
    this.app = app;
    door.open();
    health.beginServing();
    startTransport(app, logger);
    logger.info({ url: door.url }, 'The API serves');
  }

  private onSignal(signal: string): void {
    // The second one wants it over; what is under way is finished all the same.
    if (this.stopping) {
      this.hurry.abort();
      return;
    }
    this.stopping = true;
    this.logger.info({ signal }, 'The API stops');
    this.stop().then(
      () => {
        process.exit(0);
      },
      (error: unknown) => {
        this.logger.error({ err: error }, 'The API did not stop in order');
        process.exit(1);
      },
    );
  }

  private async stop(): Promise<void> {
    // Nothing that has not been served yet needs an end in order.
    if (this.app === null) return;
    await this.app.close();
    this.door.outlive();
    this.logger.info('The API has stopped, and answers 503 for a moment longer');
    await delay(this.config.shutdownLingerMs, undefined, { signal: this.hurry.signal }).catch(() => undefined);
    await this.door.leave();
  }
}
