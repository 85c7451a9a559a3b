import { contentDigest, parseJson } from '@castellan/tyk';
import { kindNamed } from '../kinds/kind';
import type { DocumentWork } from './document-work';
import { diffOf } from './records';

/** Does it at once. */
export const workAtOnce: DocumentWork = {
  digest: (document) => Promise.resolve(contentDigest(parseJson(document))),
  diff: (change) => Promise.resolve(diffOf(change)),
  served: (kind, document) => Promise.resolve(kindNamed(kind).served?.of(document) ?? null),
};
