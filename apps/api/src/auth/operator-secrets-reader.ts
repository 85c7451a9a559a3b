import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { LOGGER, Recurring, type Logger } from '@castellan/observability';
import { OperatorSecrets } from './operator-secrets';

/** Pause between two looks at the file of admin secrets, in milliseconds. */
const lookMs = 2_000;

/** Takes admin secrets that were put into their file, and drops those that were taken out. */
@Injectable()
export class OperatorSecretsReader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly secrets: OperatorSecrets;
  private readonly loop: Recurring;

  constructor(
    @Inject(CONFIG) config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.secrets = OperatorSecrets.of(config);
    this.loop = new Recurring('admin secrets', lookMs, () => this.look(), logger);
  }

  onApplicationBootstrap(): void {
    if (this.secrets.comeFromFile) this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private look(): Promise<void> {
    return new Promise((resolve) => {
      this.read();
      resolve();
    });
  }

  /** @throws ConfigError, or the error of the file system; then everything stays as it was */
  read(): void {
    if (this.secrets.readAgain()) this.logger.info({ names: this.secrets.names }, 'The admin secrets have changed');
  }
}
