import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, type HostManagerConfig } from '@castellan/config';
import { ObservabilityModule, type Logger } from '@castellan/observability';
import { HealthModule, PersistenceModule, RedisModule } from '@castellan/persistence';
import { Inventory } from './inventory/inventory';
import { Fingerprints } from './reconcile/fingerprints';
import { Reconciler } from './reconcile/reconciler';
import { GatewayClient } from './rollout/gateway-client';
import { Reports } from './rollout/reports';
import { RolloutController } from './rollout/rollout.controller';
import { RolloutService } from './rollout/rollout.service';
import { SystemController } from './system/system.controller';

/** The host manager: hears of changes and sees to it that the gateways it looks after load them. */
@Module({})
export class AppModule {
  static with(config: HostManagerConfig, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        ObservabilityModule.with('host-manager', logger),
        PersistenceModule,
        RedisModule,
        HealthModule,
      ],
      controllers: [RolloutController, SystemController],
      providers: [Fingerprints, GatewayClient, Inventory, Reconciler, Reports, RolloutService],
    };
  }
}
