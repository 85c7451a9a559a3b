import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound } from '@castellan/dto';
import {
  AuditStore,
  isObjectIdText,
  toObjectId,
  type AuditFilter,
  type AuditReach,
  type Place,
} from '@castellan/persistence';
import { pageCount, placeOf } from '../http/paging';
import { nextHeader } from '../http/reply-headers';
import { csvFile, joined, jsonList } from './audit-file';
import { filterOf, type AuditSearch } from './audit-log.query';
import type { AuditLogDto, AuditLogListDto } from './audit-log.dto';
import { auditRecord } from './audit-record';

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
  async answer(reply: FastifyReply, reach: AuditReach, query: AuditSearch): Promise<void> {
    const filter = filterOf(query);
    const place = placeOf(query);
    if (query.download) this.sendFile(reply, reach, filter, query.type ?? 'json');
    else if ('page' in place && place.page === null) await this.sendEverything(reply, reach, filter);
    else await this.sendPiece(reply, reach, filter, place);
  }

  /** @throws NotFound */
  async get(reach: AuditReach, id: string): Promise<AuditLogDto> {
    const row = isObjectIdText(id) ? await this.store.get(reach, toObjectId(id)) : null;
    // Tyk's words (docs/tyk/management.md#audit-log).
    if (row === null) throw new NotFound('could not retrieve audit record');
    return auditRecord(row);
  }

  private async sendPiece(reply: FastifyReply, reach: AuditReach, filter: AuditFilter, place: Place): Promise<void> {
    const { pageSize } = this.config;
    const { rows, total, next } = await this.store.page(reach, filter, { place, pageSize });
    const list: AuditLogListDto = { pages: pageCount(total, place, pageSize), audit_logs: rows.map(auditRecord) };
    if (next !== null) void reply.header(nextHeader, next);
    void reply.send(list);
  }

  private async sendEverything(reply: FastifyReply, reach: AuditReach, filter: AuditFilter): Promise<void> {
    const pages = pageCount(await this.store.count(reach, filter), { page: null }, this.config.pageSize);
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
