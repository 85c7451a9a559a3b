import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { OrganisationKeysController } from './organisation-keys.controller';
import { OrganisationsController } from './organisations.controller';
import { OrganisationsService } from './organisations.service';
import { OwnOrganisationController } from './own-organisation.controller';
import { OwnOrganisationService } from './own-organisation.service';

@Module({
  imports: [ResourceModule],
  controllers: [OrganisationsController, OrganisationKeysController, OwnOrganisationController],
  providers: [OrganisationsService, OwnOrganisationService],
  exports: [OrganisationsService],
})
export class OrganisationsModule {}
