import { Module } from '@nestjs/common';
import { OrganisationsController } from './organisations/organisations.controller';
import { OrganisationsService } from './organisations/organisations.service';
import { UsersController } from './users/users.controller';
import { UsersService } from './users/users.service';

/** The operator's plane: what the holder of the admin secret may do. */
@Module({
  controllers: [OrganisationsController, UsersController],
  providers: [OrganisationsService, UsersService],
})
export class AdminModule {}
