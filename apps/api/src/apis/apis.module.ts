import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { ApiAccessController } from './api-access.controller';
import { ApiAddressController } from './api-address.controller';
import { ApiAddressService } from './api-address.service';
import { ApiCacheController } from './api-cache.controller';
import { ApiListsService } from './api-lists.service';
import { ApiHistoryController } from './api-history.controller';
import { ApiCategoriesController } from './api-categories.controller';
import { CategoriesController } from './categories.controller';
import { ApiSettingsService } from './api-settings.service';
import { ApiVersionsService } from './api-versions.service';
import { ApisController } from './apis.controller';
import { ApisService } from './apis.service';

@Module({
  imports: [ResourceModule],
  controllers: [
    ApiAccessController,
    ApiAddressController,
    ApiCacheController,
    ApiHistoryController,
    ApiCategoriesController,
    CategoriesController,
    ApisController,
  ],
  providers: [ApiAddressService, ApisService, ApiListsService, ApiSettingsService, ApiVersionsService],
  exports: [ResourceModule, ApiAddressService, ApisService, ApiListsService, ApiSettingsService, ApiVersionsService],
})
export class ApisModule {}
