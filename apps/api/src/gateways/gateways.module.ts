import { Module } from '@nestjs/common';
import { NodeRecords } from '@castellan/delivery';
import { Dispatcher } from './delivery/dispatcher';
import { GenerationService } from './delivery/generation.service';
import { NodeDocuments } from './delivery/node-documents';
import { PastGenerations } from './delivery/past-generations';
import { Reconciler } from './delivery/reconciler';
import { allAtOnce, Rollout, ROLLOUT_STRATEGY } from './delivery/rollout';
import { Serving } from './delivery/serving';
import { Signals } from './delivery/signals';
import { LoadedTexts } from './nodes/loaded-texts';
import { NodeRegistry } from './nodes/node-registry';
import { NodeStateService } from './nodes/node-state.service';
import { NodesController } from './nodes/nodes.controller';
import { OperatorNodesController } from './nodes/operator-nodes.controller';
import { ReloadReports } from './nodes/reload-reports';
import { ReloadReportsController } from './nodes/reload-reports.controller';
import { AssignedGenerations } from './nodes/assigned-generations';
import { ServedOrganisations } from './nodes/served-organisations';
import { NodeController } from './protocol/node.controller';
import { NodeService } from './protocol/node.service';

/**
 * The gateways: what they ask (`protocol`), what is known of them (`nodes`), and the way from a committed change to nodes
 * that run it (`delivery`).
 */
@Module({
  controllers: [NodeController, NodesController, OperatorNodesController, ReloadReportsController],
  providers: [
    Dispatcher,
    GenerationService,
    LoadedTexts,
    NodeDocuments,
    NodeRecords,
    NodeRegistry,
    NodeService,
    NodeStateService,
    PastGenerations,
    Reconciler,
    ReloadReports,
    Rollout,
    { provide: ROLLOUT_STRATEGY, useValue: allAtOnce },
    AssignedGenerations,
    ServedOrganisations,
    Serving,
    Signals,
  ],
  exports: [LoadedTexts, NodeDocuments, NodeStateService],
})
export class GatewaysModule {}
