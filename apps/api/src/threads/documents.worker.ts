import {
  isJsonObject,
  nodeItems,
  parseJson,
  recordedDiff,
  type JsonObject,
  type JsonValue,
  type NodeItem,
} from '@castellan/tyk';
import { worksOnDocuments as on } from './works-on-documents';

// A thread loads what it imports before its first work: nothing of databases is there, which would take thrice as long.

/** Documents, and what else the work needs, as JSON; names as they are. */
type Texts = readonly (string | null)[];

const textAt = (texts: Texts, index: number): string => {
  const text = texts[index];
  if (typeof text !== 'string') throw new TypeError(`There is no text ${index}`);
  return text;
};

/** The wrapper around a document of the deepest kind that is taken has a level or two of its own. */
const valueAt = (texts: Texts, index: number): JsonValue => parseJson(textAt(texts, index));

const objectAt = (texts: Texts, index: number): JsonObject => {
  const value = valueAt(texts, index);
  if (!isJsonObject(value)) throw new TypeError('Only objects are documents');
  return value;
};

const namesAt = (texts: Texts, index: number): readonly string[] => {
  const names = valueAt(texts, index);
  if (!Array.isArray(names)) throw new TypeError(`There are no names at ${index}`);
  return names.filter((name) => typeof name === 'string');
};

const servedAs = (form: string, document: string): NodeItem | null => {
  const [, served] = Object.entries(nodeItems).find(([name]) => name === form) ?? [];
  if (served === undefined) throw new TypeError(`Nodes are not served documents of ${form}`);
  return served(document);
};

const works = {
  checkOas: (texts) => on.checkOas(objectAt(texts, 0)),
  checkClassic: (texts) => on.checkClassic(objectAt(texts, 0)),
  checkPolicy: (texts) => on.checkPolicy(objectAt(texts, 0)),
  checkSession: (texts) => on.checkSession(objectAt(texts, 0)),
  checkMeaning: (texts) => on.checkMeaning(objectAt(texts, 0)),
  derive: (texts) => on.derive(objectAt(texts, 0), objectAt(texts, 1)),
  importOpenApi: (texts) => on.importOpenApi(objectAt(texts, 0), objectAt(texts, 1)),
  patchOas: (texts) => on.patchOas(objectAt(texts, 0), objectAt(texts, 1), objectAt(texts, 2)),
  lost: (texts) => on.lost(objectAt(texts, 0)),
  digestOfValue: (texts) => on.digestOfValue(valueAt(texts, 0)),
  difference: (texts) => on.difference(valueAt(texts, 0), valueAt(texts, 1)),
  digest: (texts) => on.digestOfValue(valueAt(texts, 0)),
  diff: (texts) => recordedDiff(texts[0] ?? null, texts[1] ?? null, namesAt(texts, 2)),
  served: (texts) => servedAs(textAt(texts, 0), textAt(texts, 1)),
} satisfies Readonly<Record<string, (texts: Texts) => unknown>>;

/** Work on documents that are given as texts. */
export interface DocumentTask {
  readonly work: keyof typeof works;
  readonly texts: Texts;
}

/** Runs in a thread of its own. @returns what came of it, as JSON */
const run = ({ work, texts }: DocumentTask): string => JSON.stringify(works[work](texts));

export default run;
