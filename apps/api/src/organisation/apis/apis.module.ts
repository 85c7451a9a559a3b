import { Module } from '@nestjs/common';
import { ResourceModule } from '../resource/resource.module';
import { ApiHistoryController } from './api-history.controller';
import { ApisController } from './apis.controller';
import { ApisService } from './apis.service';

@Module({
  imports: [ResourceModule],
  controllers: [ApiHistoryController, ApisController],
  providers: [ApisService],
  exports: [ApisService],
})
export class ApisModule {}
