import { Module } from '@nestjs/common';
import { ReplicaLock } from '../retention/replica-lock';
import { BatchNotes } from './purger/batch-notes';
import { ChunkWriter } from './purger/chunk-writer';
import { Merger } from './purger/merger';
import { Purger } from './purger/purger';
import { PurgerMetrics } from './purger/purger-metrics';
import { RowLimits } from './purger/row-limits';
import { OwnershipModule } from '../ownership/ownership.module';
import { AnalyticsController } from './queries/analytics.controller';
import { figuresControllers } from './queries/figures.controllers';
import { FiguresService } from './queries/figures.service';
import { LiveService } from './queries/live.service';
import { LogController } from './queries/log.controller';
import { LogService } from './queries/log.service';
import { QueryService } from './queries/query.service';
import { AnalyticsReader } from './queries/reader';
import { AnalyticsRights } from './queries/rights';
import { UptimeController } from './queries/uptime.controller';
import { UptimeService } from './queries/uptime.service';
import { AnalyticsSettingsReader } from './settings';
import { AnalyticsCollections } from './storage/collections';

/** What gateways record of requests: taken out of Redis, kept and added up in MongoDB, and asked about. */
@Module({
  imports: [OwnershipModule],
  controllers: [...figuresControllers, LogController, AnalyticsController, UptimeController],
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
    AnalyticsReader,
    AnalyticsRights,
    FiguresService,
    LiveService,
    LogService,
    QueryService,
    UptimeService,
  ],
})
export class AnalyticsModule {}
