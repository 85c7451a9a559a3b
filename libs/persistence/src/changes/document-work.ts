import { contentDigest, parseJson } from '@castellan/tyk';
import { kindNamed } from '../kinds/kind';
import type { NodeItem } from '../kinds/served';
import { diffOf, type RecordedDiff } from './records';
import type { Change } from './unit-of-work';

/** A document before a change and after it. */
export type ChangedDocument = Pick<Change, 'kind' | 'before' | 'after'>;

/** What has to be found out about documents when they are written, which takes seconds for the largest. */
export interface DocumentWork {
  digest(document: string): Promise<string>;
  diff(change: ChangedDocument): Promise<RecordedDiff>;
  /** What nodes are served of a document; null when they are served nothing of it. */
  served(kind: string, document: string): Promise<NodeItem | null>;
}

/** Injection token of the application's own {@link DocumentWork}; without one the work is done where it is asked for. */
export const DOCUMENT_WORK = Symbol('DOCUMENT_WORK');

/** The work itself, as pure functions. */
export const documentWorks = {
  digest: (document: string): string => contentDigest(parseJson(document)),
  diff: diffOf,
  served: (kind: string, document: string): NodeItem | null => kindNamed(kind).served?.of(document) ?? null,
};

/** Does it at once. */
export const workAtOnce: DocumentWork = {
  digest: (document) => Promise.resolve(documentWorks.digest(document)),
  diff: (change) => Promise.resolve(documentWorks.diff(change)),
  served: (kind, document) => Promise.resolve(documentWorks.served(kind, document)),
};
