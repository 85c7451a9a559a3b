import {
  contentDigest,
  diffLimit,
  isJsonObject,
  recordedDiff,
  redactDiff,
  type DiffOperation,
  type JsonValue,
  type RecordedDiff,
} from '@castellan/tyk';
import { kindNamed } from '../kinds/kind';
import type { ChangeContext } from './change-context';
import type { ChangedDocument } from './document-work';
import { withoutRepeats, type Effect } from './effects';
import type { AuditRow, OutboxRow, RevisionRow } from './rows';
import type { Change } from './unit-of-work';

/** `namedChanges`: of a bulk change the audit record and the outbox entry name this many resources. */
export const recordLimits = { namedChanges: 1_000 };

export const diffOf = ({ kind, before, after }: ChangedDocument): RecordedDiff =>
  recordedDiff(before, after, kindNamed(kind).rights ?? []);

/** What a change says of itself, apart from where it stands. */
type NewRevision = Omit<RevisionRow, '_id' | 'orgId' | 'generation'>;

/** The revision of a change; null for kinds without a history. One without documents says what changed as the audit log does. */
export const revisionOf = (
  context: ChangeContext,
  at: Date,
  change: Change,
  { text, operations }: RecordedDiff,
): NewRevision | null => {
  const { history } = kindNamed(change.kind);
  if (history === 'none') return null;
  const common = { ...whoDid(context, at, change), kind: change.kind, digest: change.digest };
  if (history === 'documents') return { ...common, document: change.after, diff: text };
  return { ...common, document: null, diff: text === null ? null : shownOnce(change.kind, operations) };
};

/** The name by which the history of who has rights in resources of a kind stands beside that of their content. */
export const rightsHistoryOf = (kind: string): string => `${kind} rights`;

/**
 * The revision of who has rights in a resource: rights are not content, and have a history of their own, which no number of
 * other changes pushes out.
 *
 * @returns null when a change leaves them as they are
 */
export const rightsRevisionOf = (
  context: ChangeContext,
  at: Date,
  change: Change,
  { rights }: RecordedDiff,
): NewRevision | null =>
  rights === null
    ? null
    : {
        ...whoDid(context, at, change),
        kind: rightsHistoryOf(change.kind),
        document: JSON.stringify(rights),
        digest: contentDigest(rights.after),
        diff: null,
      };

const whoDid = (context: ChangeContext, at: Date, { id, version, operation, key }: Change) => ({
  resourceId: id,
  number: version,
  operation,
  actor: context.actor,
  reason: context.reason,
  requestId: context.request.id,
  at,
  ...(key === null ? {} : { key }),
});

const summaryOf = (changes: readonly Change[]): AuditRow['changes'] =>
  changes
    .slice(0, recordLimits.namedChanges)
    .map(({ kind, id, operation, version }) => ({ kind, id: id.toString(), operation, version }));

/**
 * What records show of a change. Of a kind whose history keeps no documents it shows that a value changed, by a digest
 * of it, and the value itself only of fields that the kind says may be shown.
 */
export const shownDiff = (kind: string, operations: readonly DiffOperation[]): readonly DiffOperation[] => {
  const { history, shown = [] } = kindNamed(kind);
  const redacted = redactDiff(operations);
  if (history === 'documents') return redacted;
  return redacted.map((operation): DiffOperation => {
    const [, field = null] = operation.path.split('/');
    const digested = (value: JsonValue): JsonValue => withDigests(value, field, shown);
    if (operation.op === 'add') return { ...operation, value: digested(operation.value) };
    if (operation.op === 'remove') return { ...operation, before: digested(operation.before) };
    return { ...operation, before: digested(operation.before), value: digested(operation.value) };
  });
};

const alreadyShown = new WeakMap<readonly DiffOperation[], string>();

/** The same as JSON, made once for the revision and the audit record of one change. */
const shownOnce = (kind: string, operations: readonly DiffOperation[]): string => {
  const made = alreadyShown.get(operations) ?? JSON.stringify(shownDiff(kind, operations));
  alreadyShown.set(operations, made);
  return made;
};

/** @param field which field of the document the value is of or in; null for the document itself */
const withDigests = (value: JsonValue, field: string | null, shown: readonly string[]): JsonValue => {
  if (value === null || (field !== null && shown.includes(field))) return value;
  if (field !== null || !isJsonObject(value)) return `sha256:${contentDigest(value).slice(0, 16)}`;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withDigests(one, name, shown)]));
};

const auditDiff = (changes: readonly Change[], diffs: readonly RecordedDiff[]): string | null => {
  const kept: string[] = [];
  let length = 0;
  for (const [index, change] of changes.entries()) {
    const { operations = [], text: whole = null } = diffs[index] ?? {};
    if (whole === null) return null;
    const of = JSON.stringify({ kind: change.kind, id: change.id.toString() });
    const text = `${of.slice(0, -1)},"operations":${shownOnce(change.kind, operations)}}`;
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
  diffs: readonly RecordedDiff[] = [],
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

/** What caches and nodes learn of changes, apart from where it stands. */
export type Told = Pick<OutboxRow, 'changes' | 'complete' | 'effects' | 'reload'>;

export const toldOf = (changes: readonly Change[], effects: readonly Effect[]): Told => ({
  changes: summaryOf(changes),
  complete: changes.length <= recordLimits.namedChanges,
  effects: withoutRepeats(effects),
  reload: changes.some((change) => change.effects.length > 0),
});
