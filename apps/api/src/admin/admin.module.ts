import { Module } from '@nestjs/common';
import { TransferModule } from '../transfer/transfer.module';
import { ImportsController } from './imports/imports.controller';
import { ImportsService } from './imports/imports.service';
import { OrganisationsController } from './organisations/organisations.controller';
import { OrganisationsService } from './organisations/organisations.service';
import { UsersController } from './users/users.controller';
import { UsersService } from './users/users.service';

/** The operator's plane: what the holder of the admin secret may do. */
@Module({
  imports: [TransferModule],
  controllers: [ImportsController, OrganisationsController, UsersController],
  providers: [ImportsService, OrganisationsService, UsersService],
})
export class AdminModule {}
