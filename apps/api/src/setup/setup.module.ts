import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { ResourceModule } from '../resources/resource.module';
import { SessionsModule } from '../sessions/sessions.module';
import { FoundingService } from './founding.service';
import { SetupController } from './setup.controller';
import { SetupService } from './setup.service';

/** The first organisation of an installation, and its administrator. */
@Module({
  imports: [AuthModule, ResourceModule, SessionsModule],
  controllers: [SetupController],
  providers: [FoundingService, SetupService],
})
export class SetupModule {}
