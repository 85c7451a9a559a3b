import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound } from '@castellan/dto';
import { AuditStore, isObjectIdText, toObjectId, type AuditFilter, type AuditReach } from '@castellan/persistence';
import { pageCount, pageFrom } from '../http/paging';
import { csvFile, joined, jsonList } from './audit-file';
import { filterOf, type AuditLogQuery } from './audit-log.query';
import type { AuditLogDto, AuditLogListDto } from './audit-log.dto';
import { auditRecord } from './audit-record';

/** Beyond any page that exists, and within what MongoDB can skip. */
const lastPage = 1_000_000_000;

/** Reads the audit log as far as the caller may see. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly store: AuditStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Answers a page, everything, or a file. Whatever has no bound is streamed off a cursor.
   *
   * @throws ValidationFailed
   */
  async answer(reply: FastifyReply, reach: AuditReach, query: AuditLogQuery): Promise<void> {
    const filter = filterOf(query);
    const page = pageFrom(query.p);
    if (query.download === 'true' || query.download === '1') this.sendFile(reply, reach, filter, query.type ?? 'json');
    else if (page === null) await this.sendEverything(reply, reach, filter);
    else void reply.send(await this.page(reach, filter, Math.min(page, lastPage)));
  }

  /** @throws NotFound */
  async get(reach: AuditReach, id: string): Promise<AuditLogDto> {
    const row = isObjectIdText(id) ? await this.store.get(reach, toObjectId(id)) : null;
    // Tyk's words (docs/tyk/management.md#audit-log).
    if (row === null) throw new NotFound('could not retrieve audit record');
    return auditRecord(row);
  }

  private async page(reach: AuditReach, filter: AuditFilter, page: number): Promise<AuditLogListDto> {
    const { pageSize } = this.config;
    const { rows, total } = await this.store.page(reach, filter, { page, pageSize });
    return { pages: pageCount(total, page, pageSize), audit_logs: rows.map(auditRecord) };
  }

  private async sendEverything(reply: FastifyReply, reach: AuditReach, filter: AuditFilter): Promise<void> {
    const pages = pageCount(await this.store.count(reach, filter), null, this.config.pageSize);
    const list = jsonList(this.store.all(reach, filter), `{"pages":${pages},"audit_logs":[`, ']}');
    void reply.header('content-type', 'application/json; charset=utf-8').send(Readable.from(joined(list)));
  }

  private sendFile(reply: FastifyReply, reach: AuditReach, filter: AuditFilter, type: string): void {
    const rows = this.store.all(reach, filter);
    const file = type === 'csv' ? csvFile(rows) : jsonList(rows);
    void reply
      // Not the format's own type: Tyk names this one (docs/tyk/management.md#audit-log), and no browser shows it
      // instead of saving it.
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', `attachment; filename="audit-logs.${type}"`)
      .send(Readable.from(joined(file)));
  }
}
