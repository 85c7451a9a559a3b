import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { ReplicaLock } from '../retention/replica-lock';
import { ApiKeysController } from './api-keys.controller';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { KeyEvents } from './key-events';
import { KeyFinder } from './key-finder';
import { KeyKeeper } from './key-keeper';
import { KeyPlacing } from './key-places';
import { KeyListsService } from './key-lists.service';
import { KeyRequests } from './key-requests';
import { KeyScanner } from './key-scanner';
import { KeyWriter } from './key-writer';
import { KeysController } from './keys.controller';
import { KeysService } from './keys.service';

/** Keys of organisations, in the Redis of the nodes. */
@Module({
  imports: [ResourceModule],
  // The longer paths first: `/api/apis/keys` is no API.
  controllers: [ApiKeysController, KeysController],
  providers: [
    ...[ReplicaLock, KeyKeeper, KeyScanner, KeyEvents, KeyWriter],
    ...[KeyContents, KeyCounters, KeyFinder, KeyListsService, KeyPlacing, KeyRequests, KeysService],
  ],
  exports: [KeyFinder, KeyKeeper, KeysService],
})
export class KeysModule {}
