import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { PoliciesController } from './policies.controller';
import { PoliciesService } from './policies.service';
import { PolicyHistoryController } from './policy-history.controller';
import { PolicyKeys } from './policy-keys';

@Module({
  imports: [ResourceModule],
  controllers: [PolicyHistoryController, PoliciesController],
  providers: [PoliciesService, PolicyKeys],
  exports: [PoliciesService],
})
export class PoliciesModule {}
