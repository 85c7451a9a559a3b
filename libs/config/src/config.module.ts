import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { CommonConfig } from './schema';

/** Injection token of the process's configuration. */
export const CONFIG = Symbol('CONFIG');

/** Makes one already loaded configuration injectable everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: CommonConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
