import type { AuditRow } from '@castellan/persistence';
import type { AuditLogDto } from './audit-log.dto';
import { auditRecord } from './audit-record';
import { csvLine } from './csv';

/** Columns of the CSV file: the fields of a record, in their order. */
const columns = [
  ...(['_id', 'req_id', 'org_id', 'date', 'timestamp', 'ip', 'user', 'action', 'method', 'url', 'status'] as const),
  ...(['diff', 'request_dump', 'response_dump'] as const),
  ...(['actor', 'actor_id', 'reason', 'refusal', 'changes', 'sequence', 'seal'] as const),
] satisfies readonly (keyof AuditLogDto)[];

/** The records as CSV, with a line of names before them. */
export async function* csvFile(rows: AsyncIterable<AuditRow>): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const row of rows) {
    const record = auditRecord(row);
    yield csvLine(columns.map((column) => record[column]));
  }
}

/** The records as one JSON list, between a beginning and an end. */
export async function* jsonList(rows: AsyncIterable<AuditRow>, before = '[', after = ']'): AsyncGenerator<string> {
  yield before;
  let separator = '';
  for await (const row of rows) {
    yield separator + JSON.stringify(auditRecord(row));
    separator = ',';
  }
  yield after;
}

/** Joins short pieces, so that a record does not cost a packet. @param length in characters, of a joined piece */
export async function* joined(pieces: AsyncIterable<string>, length = 64 * 1024): AsyncGenerator<string> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < length) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
