import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module';
import { ApisModule } from '../apis/apis.module';
import { PoliciesModule } from '../policies/policies.module';
import { ResourceModule } from '../resources/resource.module';
import { WebhooksModule } from '../webhooks/webhooks.module';
import { ExportService } from './export.service';
import { ImportBatches } from './import-batches';
import { ImportRunner } from './import-runner';
import { ImportService } from './import.service';
import { ApisKind } from './kinds/apis.kind';
import { HooksKind } from './kinds/hooks.kind';
import { TRANSFER_KINDS, type TransferKinds } from './kinds/kinds';
import { PoliciesKind } from './kinds/policies.kind';
import { Planner } from './planner';

const kinds = {
  provide: TRANSFER_KINDS,
  inject: [ApisKind, PoliciesKind, HooksKind],
  useFactory: (apis: ApisKind, policies: PoliciesKind, hooks: HooksKind): TransferKinds => ({ apis, policies, hooks }),
};

/** Whole configurations in and out, for the organisation's plane and the operator's alike. */
@Module({
  imports: [ResourceModule, ApisModule, PoliciesModule, WebhooksModule, GatewaysModule],
  providers: [
    ApisKind,
    PoliciesKind,
    HooksKind,
    kinds,
    Planner,
    ExportService,
    ImportService,
    ImportRunner,
    ImportBatches,
  ],
  exports: [ExportService, ImportService],
})
export class TransferModule {}
