import type { FieldError } from '@castellan/dto';
import {
  checkOas,
  importOpenApi,
  isJsonObject,
  toNodeDocument,
  type ImportOptions,
  type ImportResult,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { BodyTooLarge } from '../http/bodies/refusals';
import { ThreadDied, Threads } from '../threads/threads';
import type { CheckTask } from './document-checks.worker';

/** A document with more values takes longer than others should have to wait: about a tenth of a second. */
const manyValues = 20_000;

const threads = new Threads<CheckTask, string>(require.resolve('./document-checks.worker'), {
  memory: 'checks',
  waiting: 16,
  longest: 60_000,
});

/** What is wrong with documents that have been checked ahead, for as long as the request has them. */
const checkedAhead = new WeakMap<JsonObject, readonly FieldError[]>();

/**
 * Checks a large document beside the thread that answers requests, so that {@link problemsOfOas} knows the outcome. A
 * small one is checked when it is asked for.
 *
 * @throws Busy, BodyTooLarge
 */
export const checkAhead = async (document: JsonObject): Promise<void> => {
  if (!isLarge(document)) return;
  checkedAhead.set(document, await inThread<FieldError[]>({ work: 'check', document: JSON.stringify(document) }));
};

/** What is wrong with a document of an OAS API. */
export const problemsOfOas = (document: JsonValue): readonly FieldError[] =>
  (isJsonObject(document) ? checkedAhead.get(document) : undefined) ?? checkOas(document);

/** The same as `importOpenApi`. @throws Busy, BodyTooLarge */
export const importDocument = async (document: JsonObject, options: ImportOptions): Promise<ImportResult> =>
  isLarge(document)
    ? inThread({ work: 'import', document: JSON.stringify(document), options })
    : importOpenApi(document, options);

/** What of a document some node, or no node, can do. @throws Busy, BodyTooLarge */
export const lostOnNodes = async (document: JsonObject): Promise<readonly FieldError[]> =>
  isLarge(document) ? inThread({ work: 'lost', document: JSON.stringify(document) }) : toNodeDocument(document).lost;

/** What the work of a thread gives is what the same function gives here. */
const inThread = async <T>(task: CheckTask): Promise<T> => {
  try {
    return JSON.parse(await threads.run(task)) as T;
  } catch (error) {
    if (error instanceof ThreadDied) throw new BodyTooLarge('The document takes more memory than its check may have');
    throw error;
  }
};

/** Looks at no more values than decide it. */
export const isLarge = (document: JsonObject): boolean => {
  const open: JsonValue[] = [document];
  let values = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const inside: readonly JsonValue[] = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    values += inside.length;
    if (values > manyValues) return true;
    for (const each of inside) if (typeof each === 'object') open.push(each);
  }
  return false;
};
