import { Module } from '@nestjs/common';
import { ApisModule } from '../apis/apis.module';
import { ResourceModule } from '../resources/resource.module';
import { WebhookHistoryController } from './webhook-history.controller';
import { WebhooksController } from './webhooks.controller';
import { WebhooksService } from './webhooks.service';

@Module({
  imports: [ResourceModule, ApisModule],
  controllers: [WebhookHistoryController, WebhooksController],
  providers: [WebhooksService],
  exports: [WebhooksService],
})
export class WebhooksModule {}
