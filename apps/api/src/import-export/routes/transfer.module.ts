import { Module } from '@nestjs/common';
import { TransferModule } from '../transfer.module';
import { TransferController } from './transfer.controller';

@Module({ imports: [TransferModule], controllers: [TransferController] })
export class OrganisationTransferModule {}
