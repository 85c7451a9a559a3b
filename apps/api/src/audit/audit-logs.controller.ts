import { Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { AskedFor } from '../http/query/query';
import { Route } from '../http/route';
import { AuditLogDto, AuditLogListDto, AuditVerificationDto } from './audit-log.dto';
import { auditLogQuery, type AuditSearch } from './audit-log.query';
import { AuditLogService } from './audit-log.service';
import { AuditVerifier } from './audit-verifier';

/** Who changed what in the organisation, and who tried to. */
@ApiTags('Audit log')
@Controller('api/audit-logs')
export class AuditLogsController {
  constructor(
    private readonly logs: AuditLogService,
    private readonly verifier: AuditVerifier,
  ) {}

  @Route.get('', {
    access: Requires('audit_logs', 'read', 'List Audit Logs'),
    id: 'listAuditLogs',
    summary: 'List audit records, the newest first, or download them',
    description: 'Writes and refused writes. With `download=true` everything that matches comes as one file.',
    reply: AuditLogListDto,
    listed: true,
    produces: ['application/json', 'application/octet-stream'],
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(auditLogQuery) query: AuditSearch,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.logs.answer(reply, organisation, query);
  }

  @Route.get('verify', {
    access: Requires('audit_logs', 'read', 'Verify Audit Logs'),
    id: 'verifyAuditLogs',
    summary: 'Walk the chain of seals and name the first break',
    description: 'Each sealed record is computed again, so it takes as long as there are records.',
    reply: AuditVerificationDto,
  })
  async verify(@OrganisationRequest() { organisation }: OrganisationContext): Promise<AuditVerificationDto> {
    return this.verifier.verify(organisation);
  }

  @Route.get(':id', {
    access: Requires('audit_logs', 'read', 'Get Audit Log'),
    id: 'getAuditLog',
    summary: 'Get one audit record',
    description: 'With what changed, credentials left out.',
    params: [{ name: 'id', description: 'Id of the record', example: '672a83e2b0418b224440ce29' }],
    reply: AuditLogDto,
  })
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<AuditLogDto> {
    return this.logs.get(organisation, id);
  }
}
