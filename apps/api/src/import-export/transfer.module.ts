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
import { Planner } from './planner';
import { TransferKinds } from './transfer-kinds';

/** Whole configurations in and out, for the organisation's plane and the operator's alike. */
@Module({
  imports: [ResourceModule, ApisModule, PoliciesModule, WebhooksModule, GatewaysModule],
  providers: [TransferKinds, Planner, ExportService, ImportService, ImportRunner, ImportBatches],
  exports: [ResourceModule, ExportService, ImportService],
})
export class TransferModule {}
