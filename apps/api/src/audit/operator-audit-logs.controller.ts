import { Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { toOrganisationId, type AuditOwner } from '@castellan/persistence';
import { OperatorOnly } from '@castellan/rbac';
import { AskedFor, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { AuditLogDto, AuditLogListDto, AuditVerificationDto } from './audit-log.dto';
import { operatorAuditLogQuery, operatorVerifyQuery } from './audit-log.query';
import { AuditLogService } from './audit-log.service';
import { AuditVerifier } from './audit-verifier';

const ownerOf = (id: string): AuditOwner => (id.toLowerCase() === 'none' ? 'installation' : toOrganisationId(id));

/** The operator's view: the records of every organisation, of deleted ones too, and those that concern none. */
@ApiTags('Audit log')
@Controller('admin/audit-logs')
export class OperatorAuditLogsController {
  constructor(
    private readonly logs: AuditLogService,
    private readonly verifier: AuditVerifier,
  ) {}

  @Route.get('', {
    access: OperatorOnly('List Audit Logs'),
    id: 'adminListAuditLogs',
    summary: 'List or download audit records of all organisations',
    description: 'Those of deleted organisations and those that concern none too.',
    reply: AuditLogListDto,
    listed: true,
    produces: ['application/json', 'application/octet-stream'],
  })
  async list(
    @AskedFor(operatorAuditLogQuery) query: Asked<typeof operatorAuditLogQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.logs.answer(reply, query.org_id === undefined ? 'all' : ownerOf(query.org_id), query);
  }

  @Route.get('verify', {
    access: OperatorOnly('Verify Audit Logs'),
    id: 'adminVerifyAuditLogs',
    summary: 'Walk one chain of seals and name the first break',
    description: 'Each sealed record is computed again, so it takes as long as there are records.',
    reply: AuditVerificationDto,
  })
  async verify(
    @AskedFor(operatorVerifyQuery) { org_id: id }: Asked<typeof operatorVerifyQuery>,
  ): Promise<AuditVerificationDto> {
    return this.verifier.verify(ownerOf(id));
  }

  @Route.get(':id', {
    access: OperatorOnly('Get Audit Log'),
    id: 'adminGetAuditLog',
    summary: 'Get one audit record of any organisation',
    description: 'Whichever organisation it belongs to.',
    params: [{ name: 'id', description: 'Id of the record', example: '672a83e2b0418b224440ce29' }],
    reply: AuditLogDto,
  })
  async get(@Param('id') id: string): Promise<AuditLogDto> {
    return this.logs.get('all', id);
  }
}
