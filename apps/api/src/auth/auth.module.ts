import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AccessControl, AccessGuard, AUTHENTICATOR } from '@castellan/rbac';
import { FailedAttempts } from './attempts';
import { PassportAuthenticator } from './passport-authenticator';
import { AccessKeyStrategy, AdminSecretStrategy, NodeSecretStrategy } from './strategies';

/** Who calls, and whether they may. */
@Module({
  imports: [PassportModule.register({ session: false })],
  providers: [
    FailedAttempts,
    AccessKeyStrategy,
    AdminSecretStrategy,
    NodeSecretStrategy,
    { provide: AUTHENTICATOR, useClass: PassportAuthenticator },
    AccessControl,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [AccessControl],
})
export class AuthModule {}
