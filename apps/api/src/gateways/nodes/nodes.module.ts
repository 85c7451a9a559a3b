import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/delivery.module';
import { NodesController } from './nodes.controller';

@Module({ imports: [DeliveryModule], controllers: [NodesController] })
export class NodesModule {}
