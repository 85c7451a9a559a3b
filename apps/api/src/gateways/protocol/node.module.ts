import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/delivery.module';
import { NodeController } from './node.controller';
import { NodeService } from './node.service';

@Module({ imports: [DeliveryModule], controllers: [NodeController], providers: [NodeService] })
export class NodeModule {}
