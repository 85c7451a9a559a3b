import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { toOrganisationId, type AuditOwner } from '@castellan/persistence';
import { AdminOnly } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { AuditLogDto, AuditLogListDto, AuditVerificationDto } from './audit-log.dto';
import { OperatorAuditLogQuery, OperatorVerifyQuery } from './audit-log.query';
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

  @Get()
  @AdminOnly('List Audit Logs')
  @ApiOperation({ operationId: 'adminListAuditLogs', summary: 'List or download audit records of all organisations' })
  @ApiProduces('application/json', 'application/octet-stream')
  @ApiOkResponse({ type: AuditLogListDto })
  @ApiErrors(400, 401, 429)
  async list(@Query() query: OperatorAuditLogQuery, @Res() reply: FastifyReply): Promise<void> {
    await this.logs.answer(reply, query.org_id === undefined ? 'all' : ownerOf(query.org_id), query);
  }

  @Get('verify')
  @AdminOnly('Verify Audit Logs')
  @ApiOperation({ operationId: 'adminVerifyAuditLogs', summary: 'Walk one chain of seals and name the first break' })
  @ApiOkResponse({ type: AuditVerificationDto })
  @ApiErrors(400, 401, 429)
  async verify(@Query() { org_id: id }: OperatorVerifyQuery): Promise<AuditVerificationDto> {
    return this.verifier.verify(ownerOf(id));
  }

  @Get(':id')
  @AdminOnly('Get Audit Log')
  @ApiOperation({ operationId: 'adminGetAuditLog', summary: 'Get one audit record of any organisation' })
  @ApiParam({ name: 'id', example: '672a83e2b0418b224440ce29' })
  @ApiOkResponse({ type: AuditLogDto })
  @ApiErrors(401, 404, 429)
  async get(@Param('id') id: string): Promise<AuditLogDto> {
    return this.logs.get('all', id);
  }
}
