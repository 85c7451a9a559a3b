import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { GatewaysModule } from '../gateways/gateways.module';
import { OwnershipModule } from '../ownership/ownership.module';
import { OperatorSystemController } from './operator-system.controller';
import { StatsController } from './stats.controller';
import { SystemController } from './system.controller';

@Module({
  imports: [AuthModule, GatewaysModule, OwnershipModule],
  controllers: [StatsController, SystemController, OperatorSystemController],
})
export class SystemModule {}
