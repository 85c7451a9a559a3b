import { Module } from '@nestjs/common';
import { HistoryService } from '../history/history.service';
import { StoredReferences } from './references';
import { ResourceTools } from './resource-tools';
import { Resources } from './resources';

/** What all configuration resources share. */
@Module({
  providers: [HistoryService, ResourceTools, Resources, StoredReferences],
  exports: [HistoryService, ResourceTools, Resources, StoredReferences],
})
export class ResourceModule {}
