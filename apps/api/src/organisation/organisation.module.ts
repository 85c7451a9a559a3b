import { Module } from '@nestjs/common';
import { ApisModule } from './apis/apis.module';
import { AuditModule } from './audit/audit.module';
import { NodesModule } from './nodes/nodes.module';
import { OasModule } from './oas/oas.module';
import { PoliciesModule } from './policies/policies.module';
import { OrganisationTransferModule } from './transfer/transfer.module';
import { SchemasModule } from './schemas/schemas.module';
import { WebhooksModule } from './webhooks/webhooks.module';

/** The organisation's plane: what users may do with their access keys, as far as they were given the right. */
@Module({
  imports: [
    ApisModule,
    OasModule,
    SchemasModule,
    PoliciesModule,
    WebhooksModule,
    NodesModule,
    AuditModule,
    OrganisationTransferModule,
  ],
})
export class OrganisationModule {}
