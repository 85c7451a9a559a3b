import { isJsonObject, regexpWeight, type JsonValue } from '@castellan/tyk';
import { BodyTooLarge } from '../http/bodies/refusals';
import type { DocumentTask } from './documents.worker';
import { ThreadDied, Threads } from './threads';

/** A document with more values takes longer than others should have to wait: about a tenth of a second. */
const manyValues = 20_000;
/** The same for one that is a text. */
const manyCharacters = 512 * 1024;
/** The same for one whose patterns are compiled: about a tenth of a second, at ten microseconds each. */
const heavyPatterns = 10_000;
/** A pattern that is worth weighing; prose has spaces in it. */
const pattern = /^(?=.*[\\[({*+?|])\S+$/;

const threads = new Threads<DocumentTask, string>(require.resolve('./documents.worker'), {
  memory: 'checks',
  waiting: 16,
  longest: 60_000,
});

/** Whether work on these is too much for the thread that answers requests. Looks at no more values than decide it. */
export const isLarge = (...documents: readonly JsonValue[]): boolean => {
  const open: JsonValue[] = [...documents];
  let [values, characters, weight] = [0, 0, 0];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const inside: readonly JsonValue[] = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    values += inside.length;
    if (typeof value === 'string') {
      characters += value.length;
      if (value.length <= manyCharacters && pattern.test(value)) weight += regexpWeight(value);
    }
    if (values > manyValues || characters > manyCharacters || weight > heavyPatterns) return true;
    for (const each of inside) if (typeof each === 'object' || typeof each === 'string') open.push(each);
  }
  return false;
};

/**
 * Works on large documents beside the thread that answers requests; what the work of a thread gives is what the same
 * function gives here.
 *
 * @param texts documents as JSON, and names
 * @throws Busy, BodyTooLarge
 */
export const inThread = async <T>(work: DocumentTask['work'], ...texts: DocumentTask['texts']): Promise<T> => {
  try {
    return JSON.parse(await threads.run({ work, texts })) as T;
  } catch (error) {
    if (error instanceof ThreadDied) throw new BodyTooLarge('The document takes more memory than its check may have');
    throw error;
  }
};
