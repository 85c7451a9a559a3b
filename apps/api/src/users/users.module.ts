import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { changesController } from '../history/history-routes';
import { ResourceModule } from '../resources/resource.module';
import { OrganisationUsersController } from './organisation-users.controller';
import { OwnedByPeople } from './owned-by-people';
import { SessionsModule } from '../sessions/sessions.module';
import { PeopleRules } from './people-rules';
import { PermissionsController } from './permissions.controller';
import { PermissionsService } from './permissions.service';
import { UserGroupsController } from './user-groups.controller';
import { UserGroupsService } from './user-groups.service';
import { UserListings } from './user-listings';
import { UserPresenter } from './user-presenter';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

const UserGroupHistoryController = changesController({
  path: 'api/usergroups',
  tag: 'User groups',
  kind: 'user_group',
  service: UserGroupsService,
});
const UserHistoryController = changesController({
  path: 'api/users',
  tag: 'Users',
  kind: 'user',
  service: UsersService,
});

/** People: users, their groups, and what both may. */
@Module({
  imports: [AuthModule, ResourceModule, SessionsModule],
  controllers: [
    UsersController,
    OrganisationUsersController,
    UserHistoryController,
    PermissionsController,
    UserGroupsController,
    UserGroupHistoryController,
  ],
  providers: [
    OwnedByPeople,
    UserListings,
    UserPresenter,
    UsersService,
    UserGroupsService,
    PermissionsService,
    PeopleRules,
  ],
  exports: [UsersService],
})
export class UsersModule {}
