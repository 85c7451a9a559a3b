import { Module } from '@nestjs/common';
import { DeliveryController } from './delivery.controller';
import { Dispatcher } from './dispatcher';
import { NodeDocuments } from './node-documents';
import { NodeRegistry } from './node-registry';
import { NodeStateService } from './node-state.service';
import { Reconciler } from './reconciler';
import { ReloadReports } from './reload-reports';
import { Signals } from './signals';
import { SnapshotService } from './snapshot.service';

/** From a committed change to nodes that run it. */
@Module({
  controllers: [DeliveryController],
  providers: [
    Dispatcher,
    NodeDocuments,
    NodeRegistry,
    NodeStateService,
    Reconciler,
    ReloadReports,
    Signals,
    SnapshotService,
  ],
  exports: [NodeDocuments, NodeRegistry, NodeStateService, Reconciler, SnapshotService],
})
export class DeliveryModule {}
