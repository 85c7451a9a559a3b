import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from './clock';
import type { Logger } from './logger';
import { Metrics } from './metrics';

/** Injection token of the process's logger. */
export const LOGGER = Symbol('LOGGER');

/** Clock, logger and metrics of the process, injectable everywhere. */
@Global()
@Module({})
export class ObservabilityModule {
  static with(service: string, logger: Logger): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [Clock, { provide: LOGGER, useValue: logger }, { provide: Metrics, useValue: new Metrics(service) }],
      exports: [Clock, LOGGER, Metrics],
    };
  }
}
