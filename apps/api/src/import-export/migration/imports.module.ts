import { Module } from '@nestjs/common';
import { OrganisationsModule } from '../../organisations/organisations.module';
import { TransferModule } from '../transfer.module';
import { ImportsController } from './imports.controller';
import { ImportsService } from './imports.service';

@Module({
  imports: [OrganisationsModule, TransferModule],
  controllers: [ImportsController],
  providers: [ImportsService],
})
export class ImportsModule {}
