import { diffJson, parseJson, redactDiff, type DiffOperation, type JsonValue } from '@castellan/tyk';
import type { ChangeContext } from './change-context';
import type { Change } from './change-transaction';
import type { AuditRow, OutboxRow, RevisionRow } from './rows';

/** A diff that takes more than this many characters is not kept; the revisions still hold both states. */
const diffLimit = 512 * 1024;
/** Of a bulk change the audit record and the outbox entry name this many resources. */
const namedChanges = 1_000;

const parse = (document: string | null): JsonValue => (document === null ? null : parseJson(document));

/** What changed, from the whole state before to the whole state after. */
export const diffOf = ({ before, after }: Change): readonly DiffOperation[] => diffJson(parse(before), parse(after));

const withinLimit = (text: string): string | null => (text.length > diffLimit ? null : text);

export const revisionOf = (
  context: ChangeContext,
  at: Date,
  change: Change,
  operations: readonly DiffOperation[],
): Omit<RevisionRow, '_id' | 'orgId'> => ({
  kind: change.kind,
  resourceId: change.id,
  number: change.version,
  operation: change.operation,
  document: change.after,
  digest: change.digest,
  diff: withinLimit(JSON.stringify(operations)),
  actor: context.actor,
  reason: context.reason,
  requestId: context.request.id,
  at,
});

const summaryOf = (changes: readonly Change[]): AuditRow['changes'] =>
  changes
    .slice(0, namedChanges)
    .map(({ kind, id, operation, version }) => ({ kind, id: id.toString(), operation, version }));

const auditDiff = (changes: readonly Change[], diffs: readonly (readonly DiffOperation[])[]): string | null => {
  const kept: string[] = [];
  let length = 0;
  for (const [index, change] of changes.entries()) {
    const text = JSON.stringify({
      kind: change.kind,
      id: change.id.toString(),
      operations: redactDiff(diffs[index] ?? []),
    });
    length += text.length;
    if (length > diffLimit) return null;
    kept.push(text);
  }
  return `[${kept.join(',')}]`;
};

export const auditOf = (
  context: Omit<ChangeContext, 'organisation'>,
  at: Date,
  changes: readonly Change[],
  diffs: readonly (readonly DiffOperation[])[] = [],
): Omit<AuditRow, '_id' | 'orgId'> => ({
  at,
  actor: context.actor,
  action: context.action,
  method: context.request.method,
  path: context.request.path,
  status: 200,
  ip: context.request.ip,
  requestId: context.request.id,
  reason: context.reason,
  refusal: '',
  changes: summaryOf(changes),
  diff: changes.length === 0 ? null : auditDiff(changes, diffs),
  pending: true,
});

/** The entry that tells the nodes, or null when no change concerns them. */
export const outboxOf = (
  changes: readonly Change[],
): Pick<OutboxRow, 'changes' | 'commands' | 'publishedAt'> | null => {
  const concerning = changes.filter(({ commands }) => commands.length > 0);
  if (concerning.length === 0) return null;
  return {
    changes: summaryOf(concerning),
    commands: [...new Set(concerning.flatMap(({ commands }) => commands))],
    publishedAt: null,
  };
};
