import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { ConfigModule, type ApiConfig } from '@castellan/config';
import { ObservabilityModule, type Logger } from '@castellan/observability';
import { HealthModule, PersistenceModule, RedisModule } from '@castellan/persistence';
import { AdminModule } from './admin/admin.module';
import { AuthModule } from './auth/auth.module';
import { DeliveryModule } from './delivery/delivery.module';
import { ErrorFilter } from './http/error.filter';
import { RefuseMalformedBody } from './http/malformed-body';
import { NodeModule } from './node/node.module';
import { OrganisationModule } from './organisation/organisation.module';
import { RetentionModule } from './retention/retention.module';
import { SystemModule } from './system/system.module';

/** The API: its three planes, and what stands under all of them. */
@Module({})
export class AppModule {
  static with(config: ApiConfig, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        ObservabilityModule.with('api', logger),
        PersistenceModule,
        RedisModule,
        HealthModule,
        AuthModule,
        DeliveryModule,
        RetentionModule,
        SystemModule,
        AdminModule,
        OrganisationModule,
        NodeModule,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_INTERCEPTOR, useClass: RefuseMalformedBody },
      ],
    };
  }
}
