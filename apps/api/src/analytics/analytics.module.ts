import { Module } from '@nestjs/common';
import { ReplicaLock } from '../retention/replica-lock';
import { BatchNotes } from './purger/batch-notes';
import { ChunkWriter } from './purger/chunk-writer';
import { Merger } from './purger/merger';
import { Purger } from './purger/purger';
import { PurgerMetrics } from './purger/purger-metrics';
import { RowLimits } from './purger/row-limits';
import { AnalyticsSettingsReader } from './settings';
import { AnalyticsCollections } from './storage/collections';

/** What gateways record of requests: taken out of Redis, kept and added up in MongoDB, and asked about. */
@Module({
  providers: [
    AnalyticsCollections,
    AnalyticsSettingsReader,
    BatchNotes,
    ChunkWriter,
    Merger,
    Purger,
    PurgerMetrics,
    ReplicaLock,
    RowLimits,
  ],
})
export class AnalyticsModule {}
