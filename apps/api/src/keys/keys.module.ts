import { Module } from '@nestjs/common';
import { ReplicaLock } from '../retention/replica-lock';
import { KeyKeeper } from './key-keeper';
import { KeyScanner } from './key-scanner';

/** Keys of organisations, in the Redis of the nodes. */
@Module({ providers: [ReplicaLock, KeyKeeper, KeyScanner] })
export class KeysModule {}
