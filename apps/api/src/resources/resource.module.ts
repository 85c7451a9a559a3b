import { Module } from '@nestjs/common';
import { HistoryService } from '../history/history.service';
import { AccessService } from '../ownership/access.service';
import { OwnershipModule } from '../ownership/ownership.module';
import { StoredReferences } from './references';
import { ResourceTools } from './resource-tools';
import { Resources } from './resources';

/** What all configuration resources share. */
@Module({
  imports: [OwnershipModule],
  providers: [AccessService, HistoryService, ResourceTools, Resources, StoredReferences],
  exports: [AccessService, OwnershipModule, HistoryService, ResourceTools, Resources, StoredReferences],
})
export class ResourceModule {}
