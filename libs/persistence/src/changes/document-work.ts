import type { NodeItem, RecordedDiff } from '@castellan/tyk';

/** A document before a change and after it. */
export interface ChangedDocument {
  /** The name of its kind. */
  readonly kind: string;
  readonly before: string | null;
  readonly after: string | null;
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
