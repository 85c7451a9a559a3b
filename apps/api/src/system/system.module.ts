import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { GatewaysModule } from '../gateways/gateways.module';
import { OwnershipModule } from '../ownership/ownership.module';
import { InstallationService } from './installation.service';
import { OperatorSystemController } from './operator-system.controller';
import { StatsController } from './stats.controller';
import { StatsService } from './stats.service';
import { SystemController } from './system.controller';

@Module({
  imports: [AuthModule, GatewaysModule, OwnershipModule],
  controllers: [StatsController, SystemController, OperatorSystemController],
  providers: [InstallationService, StatsService],
})
export class SystemModule {}
