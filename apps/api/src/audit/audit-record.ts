import type { AuditRow } from '@castellan/persistence';
import type { AuditLogDto } from './audit-log.dto';

/** Such as `Thu, 23 Jan 2025 13:14:09 UTC` (docs/tyk/management.md#audit-log). */
const dateText = (at: Date): string => at.toUTCString().replace(/GMT$/, 'UTC');

/** A record as replies and files show it; the order of the fields is that of {@link AuditLogDto}. */
export const auditRecord = (row: AuditRow): AuditLogDto => ({
  _id: row._id.toString(),
  req_id: row.requestId,
  org_id: row.orgId?.toString() ?? '',
  date: dateText(row.at),
  timestamp: Math.floor(row.at.getTime() / 1_000),
  ip: row.ip,
  user: row.actor.name,
  action: row.action,
  method: row.method,
  url: row.path,
  status: row.status,
  diff: row.diff,
  request_dump: '',
  response_dump: '',
  actor: row.actor.kind,
  actor_id: row.actor.id,
  reason: row.reason,
  refusal: row.refusal,
  changes: row.changes.map(({ kind, id, operation, version }) => ({ kind, id, operation, version })),
  sequence: row.sequence ?? null,
  seal: row.seal ?? null,
});
