import { Module } from '@nestjs/common';
import { HistoryService } from '../history/history.service';
import { ResourceWriter } from './resource-writer';

/** What all configuration resources share. */
@Module({ providers: [HistoryService, ResourceWriter], exports: [HistoryService, ResourceWriter] })
export class ResourceModule {}
