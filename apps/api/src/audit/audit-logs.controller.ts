import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { AuditLogDto, AuditLogListDto, AuditVerificationDto } from './audit-log.dto';
import { AuditLogQuery } from './audit-log.query';
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

  @Get()
  @Requires('audit_logs', 'read', 'List Audit Logs')
  @ApiOperation({ operationId: 'listAuditLogs', summary: 'List audit records, the newest first, or download them' })
  @ApiProduces('application/json', 'application/octet-stream')
  @ApiOkResponse({ type: AuditLogListDto })
  @ApiErrors(400, 401, 403)
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Query() query: AuditLogQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.logs.answer(reply, organisation, query);
  }

  @Get('verify')
  @Requires('audit_logs', 'read', 'Verify Audit Logs')
  @ApiOperation({ operationId: 'verifyAuditLogs', summary: 'Walk the chain of seals and name the first break' })
  @ApiOkResponse({ type: AuditVerificationDto })
  @ApiErrors(401, 403)
  async verify(@OrganisationRequest() { organisation }: OrganisationContext): Promise<AuditVerificationDto> {
    return this.verifier.verify(organisation);
  }

  @Get(':id')
  @Requires('audit_logs', 'read', 'Get Audit Log')
  @ApiOperation({ operationId: 'getAuditLog', summary: 'Get one audit record' })
  @ApiParam({ name: 'id', example: '672a83e2b0418b224440ce29' })
  @ApiOkResponse({ type: AuditLogDto })
  @ApiErrors(401, 403, 404)
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<AuditLogDto> {
    return this.logs.get(organisation, id);
  }
}
