import { Module } from '@nestjs/common';
import { ApisModule } from '../apis/apis.module';
import { GatewaysModule } from '../gateways/gateways.module';
import { KeysModule } from '../keys/keys.module';
import { ResourceModule } from '../resources/resource.module';
import { ReplicaLock } from '../retention/replica-lock';
import { CertificateDependencies } from './certificate-dependencies';
import { CertificateKeeper } from './certificate-keeper';
import { CertificateRotation } from './certificate-rotation';
import { CertificateUserFinder } from './certificate-users';
import { CertificateWarnings } from './certificate-warnings';
import { CertificatesController } from './certificates.controller';
import { CertificatesService } from './certificates.service';
import { NotificationsController } from './notifications.controller';

/** Certificates, for gateways to serve with and to know their callers by. */
@Module({
  imports: [ResourceModule, ApisModule, GatewaysModule, KeysModule],
  controllers: [CertificatesController, NotificationsController],
  providers: [
    ...[CertificateDependencies, CertificateKeeper, CertificateRotation, CertificateUserFinder, CertificateWarnings],
    ...[CertificatesService, ReplicaLock],
  ],
})
export class CertificatesModule {}
