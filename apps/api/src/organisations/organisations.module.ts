import { Module } from '@nestjs/common';
import { AnalyticsModule } from '../analytics/analytics.module';
import { AuthModule } from '../auth/auth.module';
import { KeysModule } from '../keys/keys.module';
import { ResourceModule } from '../resources/resource.module';
import { OrganisationKeysController } from './organisation-keys.controller';
import { OrganisationsController } from './organisations.controller';
import { OrganisationsService } from './organisations.service';
import { OwnOrganisationController } from './own-organisation.controller';
import { OwnOrganisationService } from './own-organisation.service';
import { Belongings } from './removal/belongings';
import { Leftovers } from './removal/leftovers';
import { OrganisationRemoval } from './removal/organisation-removal';

@Module({
  imports: [AnalyticsModule, AuthModule, KeysModule, ResourceModule],
  controllers: [OrganisationsController, OrganisationKeysController, OwnOrganisationController],
  providers: [OrganisationsService, OwnOrganisationService, Belongings, Leftovers, OrganisationRemoval],
  exports: [OrganisationsService],
})
export class OrganisationsModule {}
