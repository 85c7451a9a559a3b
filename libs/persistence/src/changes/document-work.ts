import type { DiffOperation, JsonObject } from '@castellan/tyk';
import type { NodeItem } from '../kinds/served';

/** A document before a change and after it. */
export interface ChangedDocument {
  /** The name of its kind. */
  readonly kind: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Who had rights in a resource before a change and after it, as its document says it, field by field. */
export type RightsChange = Readonly<Record<'before' | 'after', JsonObject>>;

/** What changed, as it is recorded. */
export interface RecordedDiff {
  /** From the whole state before to the whole state after; empty when there is too much of it to be kept. */
  readonly operations: readonly DiffOperation[];
  /** The same as text; null when there is too much. */
  readonly text: string | null;
  /** Who had rights in the resource before and after; null when the change leaves that as it is. */
  readonly rights: RightsChange | null;
}

/** What has to be found out about documents when they are written, which takes seconds for the largest. */
export interface DocumentWork {
  digest(document: string): Promise<string>;
  diff(change: ChangedDocument): Promise<RecordedDiff>;
  /** What nodes are served of a document; null when they are served nothing of it. */
  served(kind: string, document: string): Promise<NodeItem | null>;
}

/** Injection token of the application's own {@link DocumentWork}; without one the work is done where it is asked for. */
export const DOCUMENT_WORK = Symbol('DOCUMENT_WORK');
