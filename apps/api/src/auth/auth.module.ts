import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AccessControl, AccessGuard, AUTHENTICATOR } from '@castellan/rbac';
import { ActingOrganisation } from './acting-organisation';
import { FailedAttempts } from './attempts';
import { OperatorSecretsReader } from './operator-secrets-reader';
import { PassportAuthenticator } from './passport-authenticator';
import { sessionProviders, SessionsService } from '../sessions/sessions.service';
import { OrganisationStrategy } from './organisation-strategy';
import { AdminSecretStrategy, NodeSecretStrategy } from './strategies';
import { UserRights } from './user-rights';

/** Who calls, and whether they may. */
@Module({
  imports: [PassportModule.register({ session: false })],
  providers: [
    ActingOrganisation,
    FailedAttempts,
    OperatorSecretsReader,
    UserRights,
    ...sessionProviders,
    OrganisationStrategy,
    AdminSecretStrategy,
    NodeSecretStrategy,
    { provide: AUTHENTICATOR, useClass: PassportAuthenticator },
    AccessControl,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [
    AccessControl,
    ActingOrganisation,
    FailedAttempts,
    OperatorSecretsReader,
    OrganisationStrategy,
    SessionsService,
    UserRights,
  ],
})
export class AuthModule {}
