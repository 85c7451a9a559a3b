import { regexpWeight, type JsonValue } from '@castellan/tyk';
import { BodyTooLarge } from '../http/bodies/refusals';
import type { DocumentTask } from './documents.worker';
import { ThreadDied, Threads } from './threads';

/** A document with more values takes longer than others should have to wait: about a tenth of a second. */
const manyValues = 20_000;
/** The same for one that is a text. */
const manyCharacters = 512 * 1024;
/** The same for one whose patterns are compiled: about a twentieth of a second, at ten microseconds each. */
const heavyPatterns = 5_000;
/** What a text has that is worth weighing as a pattern. */
const special = /[\\[({*+?|]/;
/** Fields whose texts are no patterns anywhere, and long. */
const prose = new Set(['description', 'summary', 'title', 'example', 'data', 'body', 'template_source']);

const weightOf = (text: string): number =>
  text.length <= manyCharacters && special.test(text) ? regexpWeight(text) : 0;

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
    if (typeof value === 'string') {
      characters += value.length;
      weight += weightOf(value);
    }
    const inside = typeof value === 'object' && value !== null ? value : [];
    const names = Array.isArray(inside) ? [] : Object.keys(inside);
    values += Array.isArray(inside) ? inside.length : names.length;
    // Names are patterns too, in schemas.
    for (const name of names) weight += weightOf(name);
    if (values > manyValues || characters > manyCharacters || weight > heavyPatterns) return true;
    for (const [name, each] of Object.entries(inside)) {
      if (typeof each === 'string' && prose.has(name)) characters += each.length;
      else if (typeof each === 'object' || typeof each === 'string') open.push(each);
    }
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
