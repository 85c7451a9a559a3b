import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { ReplicaLock } from '../retention/replica-lock';
import { DeadLettersController } from './dead-letters/dead-letters.controller';
import { DeadLettersService } from './dead-letters/dead-letters.service';
import { ErasureController } from './erasure/erasure.controller';
import { ErasureService } from './erasure/erasure.service';
import { SumsErasure } from './erasure/sums-erasure';
import { AggregateWriter } from './purger/aggregate-writer';
import { AnalyticsRedis } from './purger/analytics-redis';
import { BatchNotes } from './purger/batch-notes';
import { ChunkWriter } from './purger/chunk-writer';
import { KeyUses } from './purger/key-uses';
import { Merger } from './purger/merger';
import { Purger } from './purger/purger';
import { PurgerLease } from './purger/purger-lease';
import { PurgerMetrics } from './purger/purger-metrics';
import { RowLimits } from './purger/row-limits';
import { KeyNames } from './key-names';
import { OwnershipModule } from '../ownership/ownership.module';
import { AnalyticsController } from './queries/analytics.controller';
import { figuresControllers } from './queries/figures.controllers';
import { FiguresService } from './queries/figures.service';
import { LiveService } from './queries/live.service';
import { LogController } from './queries/log.controller';
import { LogService } from './queries/log.service';
import { OwnSums } from './queries/own-sums';
import { PumpedAggregates } from './queries/pumped-aggregates';
import { QueryService } from './queries/query.service';
import { AnalyticsReader } from './queries/reader';
import { AnalyticsRights } from './queries/rights';
import { UptimeController } from './queries/uptime.controller';
import { UptimeService } from './queries/uptime.service';
import { AnalyticsSettingsReader } from './settings';
import { AnalyticsCollections } from './storage/collections';
import { EarlierSums } from './storage/earlier-sums';
import { ExpiryCheck } from './storage/expiry-check';
import { RollupStore } from './storage/rollup-store';

/** What gateways record of requests: taken out of Redis, kept and added up in MongoDB, and asked about. */
@Module({
  imports: [AuthModule, OwnershipModule],
  controllers: [
    ...figuresControllers,
    LogController,
    AnalyticsController,
    UptimeController,
    DeadLettersController,
    ErasureController,
  ],
  providers: [
    AnalyticsCollections,
    AnalyticsSettingsReader,
    AggregateWriter,
    AnalyticsRedis,
    BatchNotes,
    ChunkWriter,
    DeadLettersService,
    KeyUses,
    Merger,
    Purger,
    PurgerLease,
    PurgerMetrics,
    ReplicaLock,
    RowLimits,
    RollupStore,
    EarlierSums,
    ExpiryCheck,
    ErasureService,
    SumsErasure,
    AnalyticsReader,
    AnalyticsRights,
    FiguresService,
    KeyNames,
    LiveService,
    LogService,
    OwnSums,
    PumpedAggregates,
    QueryService,
    UptimeService,
  ],
  exports: [AnalyticsCollections],
})
export class AnalyticsModule {}
