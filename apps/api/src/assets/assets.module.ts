import { Module } from '@nestjs/common';
import { textAt } from '@castellan/tyk';
import { historyController } from '../history/history-routes';
import { ResourceModule } from '../resources/resource.module';
import { AssetStore } from './asset-store';
import { AssetsController } from './assets.controller';
import { AssetsService } from './assets.service';

const AssetHistoryController = historyController({
  path: 'api/assets',
  tag: 'API templates',
  kind: 'asset',
  service: AssetsService,
  nameOf: (document) => textAt(document, 'name'),
});

@Module({
  imports: [ResourceModule],
  controllers: [AssetHistoryController, AssetsController],
  providers: [AssetStore, AssetsService],
})
export class AssetsModule {}
