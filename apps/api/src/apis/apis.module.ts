import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { ApiAddressController } from './api-address.controller';
import { ApiAddressService } from './api-address.service';
import { ApiCacheController } from './api-cache.controller';
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
  controllers: [ApiAddressController, ApiCacheController, ApiHistoryController, ApiSettingsController, ApisController],
  providers: [ApiAddressService, ApiListings, ApisService, ApiListsService, ApiSettingsService, ApiVersionsService],
  exports: [ApiAddressService, ApisService, ApiListsService, ApiSettingsService, ApiVersionsService],
})
export class ApisModule {}
