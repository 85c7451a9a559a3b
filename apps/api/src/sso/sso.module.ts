import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { SessionsModule } from '../sessions/sessions.module';
import { SsoNonces } from './nonces';
import { SsoController } from './sso.controller';
import { SsoService } from './sso.service';

/** Single sign-on. */
@Module({
  imports: [AuthModule, SessionsModule],
  controllers: [SsoController],
  providers: [SsoNonces, SsoService],
})
export class SsoModule {}
