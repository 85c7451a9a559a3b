import { Document, isScalar, visit } from 'yaml';
import { DEFAULT_JSON_DEPTH, parseJson, type JsonValue } from '@castellan/tyk';
import { limitsFor } from '../http/bodies/limits';
import { BodyTooLarge, MalformedBody } from '../http/bodies/refusals';
import { ThreadDied, Threads } from '../threads/threads';
import type { YamlOutcome, YamlTask } from './yaml-reader.worker';

/** Texts with which the YAML library's plain and block styles cannot be trusted; in double quotes anything survives. */
const awkward = /^\s|[^\S\n]$|[^\S\n]\n|\n[^\S\n ]|[^\P{C}\n]/u;

/** The value as a YAML document. Reading it gives the same value again. */
export const writeYaml = (value: JsonValue): string => {
  // What occurs twice is written twice: anchors and aliases are no data.
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key }) {
      // Without quotes it would be read as a merge key.
      if (isScalar(key) && key.value === '<<') key.type = 'QUOTE_DOUBLE';
    },
    Scalar(_, node) {
      if (typeof node.value === 'string' && awkward.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
};

/** A megabyte takes a second or more, and much memory, so that documents are read one at a time. */
const readers = new Threads<YamlTask, YamlOutcome>(require.resolve('./yaml-reader.worker'), {
  memory: 'yaml',
  waiting: 16,
  longest: 60_000,
});

const unreadable = 'is too large or too nested to be read as YAML; send it as JSON';

/**
 * Reads a YAML document of plain data (the core schema with merge keys; aliases are followed as far as what they come to
 * is no larger than other bodies). A megabyte may take seconds, so it is read in a thread of its own, one document at a
 * time, while gateways go on being answered.
 *
 * @param limit characters that the document may have when every alias is written out
 * @throws MalformedBody, BodyTooLarge, Busy
 */
export const readYaml = async (text: string, limit = largestDocument): Promise<JsonValue> => {
  const limits = { values: limitsFor(limit).values, characters: limit, depth: DEFAULT_JSON_DEPTH + 2 };
  const outcome = await outcomeOf({ text, limits });
  if ('json' in outcome) return parseJson(outcome.json, DEFAULT_JSON_DEPTH + 2);
  if ('tooLarge' in outcome) {
    throw new BodyTooLarge(`The body has ${outcome.tooLarge}`);
  }
  throw malformed(outcome.problem);
};

/** Of documents for which nobody has said how large they may be, in characters. */
const largestDocument = 16 * 1024 * 1024;

const malformed = (problem: string): MalformedBody => new MalformedBody(problem, [{ path: 'body', message: problem }]);

const outcomeOf = async (task: YamlTask): Promise<YamlOutcome> => {
  try {
    return await readers.run(task);
  } catch (error) {
    if (error instanceof ThreadDied) return { problem: unreadable };
    throw error;
  }
};
