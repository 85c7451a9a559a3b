import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module';
import { ResourceModule } from '../resources/resource.module';
import { ReplicaLock } from '../retention/replica-lock';
import { ActivatedPolicies } from './activated-policies';
import { ApiKeysController } from './api-keys.controller';
import { KeyBulk } from './key-bulk';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { KeyEvents } from './key-events';
import { KeyFinder } from './key-finder';
import { KeyKeeper } from './key-keeper';
import { KeyListsService } from './key-lists.service';
import { KeyOperationsController } from './key-operations.controller';
import { KeyOrphans } from './key-orphans';
import { KeyOwnValues } from './key-own-values';
import { KeyPlacing } from './key-places';
import { KeyReconciler } from './key-reconciler';
import { KeyRequests } from './key-requests';
import { KeyRotation } from './key-rotation';
import { KeyScanner } from './key-scanner';
import { KeySelection } from './key-selection';
import { KeyTransfer } from './key-transfer';
import { KeyTransferController } from './key-transfer.controller';
import { KeyWriter } from './key-writer';
import { KeysController } from './keys.controller';
import { KeysService } from './keys.service';
import { OrganisationKeys } from './organisation-keys';
import { PolicySessions } from './policy-sessions';
import { PolicyTraces } from './policy-traces';
import { RepeatedCreations } from './repeated-creations';

/** Keys of organisations, in the Redis of the nodes. */
@Module({
  imports: [ResourceModule, GatewaysModule],
  // The longer paths first: `/api/apis/keys` is no API.
  controllers: [ApiKeysController, KeyTransferController, KeyOperationsController, KeysController],
  providers: [
    ...[ReplicaLock, ActivatedPolicies, KeyKeeper, KeyScanner, KeyEvents, KeyWriter, KeyPlacing, OrganisationKeys],
    ...[KeyContents, KeyCounters, KeyFinder, KeyListsService, KeyOwnValues, KeyRequests, KeysService],
    ...[KeyBulk, KeyOrphans, KeyReconciler, KeyRotation, KeySelection, KeyTransfer, PolicySessions, PolicyTraces],
    RepeatedCreations,
  ],
  exports: [KeyFinder, KeyKeeper, KeyPlacing, KeyRotation, KeysService],
})
export class KeysModule {}
