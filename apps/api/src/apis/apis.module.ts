import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { ApiListsService } from './api-lists.service';
import { ApiListings } from './api-listings';
import { ApiHistoryController } from './api-history.controller';
import { ApiSettingsController } from './api-settings.controller';
import { ApiSettingsService } from './api-settings.service';
import { ApiVersionsService } from './api-versions.service';
import { ApisController } from './apis.controller';
import { ApisService } from './apis.service';

@Module({
  imports: [ResourceModule],
  controllers: [ApiHistoryController, ApiSettingsController, ApisController],
  providers: [ApiListings, ApisService, ApiListsService, ApiSettingsService, ApiVersionsService],
  exports: [ApisService, ApiSettingsService, ApiVersionsService],
})
export class ApisModule {}
