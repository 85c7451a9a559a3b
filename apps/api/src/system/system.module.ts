import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module';
import { StatsController } from './stats.controller';
import { SystemController } from './system.controller';

@Module({ imports: [GatewaysModule], controllers: [StatsController, SystemController] })
export class SystemModule {}
