import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { Sealer } from '../auth/sealed';
import { ResourceModule } from '../resources/resource.module';
import { AccountReach } from './account-reach';
import { CredentialsController } from './credentials.controller';
import { LoginAdmission } from './login-admission';
import { LoginController } from './login.controller';
import { LoginService } from './login.service';
import { LoginThrottle } from './login-throttle';
import { PasswordsService } from './passwords.service';
import { Proof } from './proof';
import { SecondFactorsService } from './second-factors.service';
import { SessionsController } from './sessions.controller';

/** How people come in by a browser, and what they prove themselves with. */
@Module({
  imports: [AuthModule, ResourceModule],
  controllers: [LoginController, SessionsController, CredentialsController],
  providers: [
    AccountReach,
    LoginAdmission,
    LoginService,
    LoginThrottle,
    PasswordsService,
    Proof,
    Sealer,
    SecondFactorsService,
  ],
  exports: [LoginService, PasswordsService, Proof, Sealer],
})
export class SessionsModule {}
