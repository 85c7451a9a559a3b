import { Module } from '@nestjs/common';
import { AuditLogService } from './audit-log.service';
import { AuditLogsController } from './audit-logs.controller';
import { AuditVerifier } from './audit-verifier';
import { OperatorAuditLogsController } from './operator-audit-logs.controller';

/** Reading the audit log; the operator's view is here too, since it is the same log seen from further away. */
@Module({
  controllers: [AuditLogsController, OperatorAuditLogsController],
  providers: [AuditLogService, AuditVerifier],
})
export class AuditModule {}
