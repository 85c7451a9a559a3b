import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { LostValues } from './lost-values';
import { PoliciesController } from './policies.controller';
import { PoliciesService } from './policies.service';
import { PolicyAccessController } from './policy-access.controller';
import { PolicyHistoryController } from './policy-history.controller';
import { PolicyKeys } from './policy-keys';

@Module({
  imports: [ResourceModule],
  controllers: [PolicyAccessController, PolicyHistoryController, PoliciesController],
  providers: [LostValues, PoliciesService, PolicyKeys],
  exports: [PoliciesService],
})
export class PoliciesModule {}
