import { Composer, Parser, visit, type Document } from 'yaml';
import { isLostInteger } from '../http/bodies/json-tokens';
import { nestsDeeper } from './yaml-depth';
import { expandedSize, type ExpandedLimits } from './yaml-size';

/** What a thread is given to read. */
export interface YamlTask {
  readonly text: string;
  readonly limits: ExpandedLimits;
}

/** The document as JSON, or why there is none. */
export type YamlOutcome = { readonly json: string } | { readonly problem: string } | { readonly tooLarge: string };

/** YAML 1.2 with the merge keys of 1.1, which people write in both. */
const options = {
  schema: 'core',
  merge: true,
  // Aliases are followed without copying; what they come to is measured below.
  maxAliasCount: -1,
  intAsBigInt: true,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** The library looks for what an alias stands for among all before it, so that many take the square of the time. */
const mostAliases = 10_000;

/** Runs in a thread of its own, with a limit to its memory. */
const read = ({ text, limits }: YamlTask): YamlOutcome => {
  try {
    const document = documentIn(text, limits.depth);
    if (aliasesOf(document) > mostAliases) return { tooLarge: `more than ${mostAliases} aliases` };
    const value: unknown = document.toJS({ maxAliasCount: options.maxAliasCount }) ?? null;
    const tooLarge = expandedSize(value, limits);
    // As JSON, so that keys that are no texts and shared parts come out as plain data.
    if (tooLarge !== null) return { tooLarge: `${tooLarge} when every alias in it is written out` };
    return { json: JSON.stringify(value, plain) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

export default read;

/** @throws Error when the text is no YAML, nests too deeply or holds several documents */
const documentIn = (text: string, depth: number): Document => {
  // The parser keeps a list of what is open; what makes values of its tokens calls itself for each level, and V8 may end the
  // whole process when a stack overflows there, not only the thread.
  const tokens = [...new Parser().parse(text)];
  if (nestsDeeper(tokens, depth)) throw new Error(`it is nested deeper than ${depth} levels`);
  // An empty text is one, too; those after the second are not looked at.
  const documents = new Composer(options).compose(tokens, true, text.length);
  const [document, another] = [documents.next().value, documents.next().value];
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw error;
  if (document === undefined || another !== undefined) throw new Error('it holds several documents');
  return document;
};

const aliasesOf = (document: Document): number => {
  let aliases = 0;
  visit(document, {
    Alias() {
      aliases += 1;
      return aliases > mostAliases ? visit.BREAK : undefined;
    },
  });
  return aliases;
};

/** @throws Error for a number that JSON does not have, or that would be another one */
const plain = (name: string, value: unknown): unknown => {
  if (typeof value === 'bigint') {
    if (!isLostInteger(String(value))) return Number(value);
    throw new Error(`${JSON.stringify(name)} is an integer that cannot be kept exactly`);
  }
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new Error(`${JSON.stringify(name)} is a number that JSON does not have, which cannot be kept`);
};
