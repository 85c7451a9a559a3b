import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, type HostManagerConfig } from '@castellan/config';
import { ObservabilityModule, type Logger } from '@castellan/observability';
import { GenerationNumbersModule, HealthModule, NodeRecords, RedisModule } from '@castellan/delivery';
import { Inventory } from './inventory/inventory';
import { Fingerprints } from './reconcile/fingerprints';
import { Reconciler } from './reconcile/reconciler';
import { ApiClient } from './rollout/api-client';
import { Fleet } from './rollout/fleet';
import { GatewayClient } from './rollout/gateway-client';
import { Reloader } from './rollout/reloader';
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
        GenerationNumbersModule,
        RedisModule,
        HealthModule,
      ],
      controllers: [RolloutController, SystemController],
      providers: [
        ApiClient,
        Fingerprints,
        Fleet,
        GatewayClient,
        Inventory,
        NodeRecords,
        Reconciler,
        Reloader,
        Reports,
        RolloutService,
      ],
    };
  }
}
