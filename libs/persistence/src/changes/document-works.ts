import { contentDigest, parseJson } from '@castellan/tyk';
import { kindNamed } from '../kinds/kind';
import type { NodeItem } from '../kinds/served';
import type { DocumentWork } from './document-work';
import { diffOf } from './records';

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
