import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parsePointer } from '../json/json-pointer';
import type { JsonValue } from '../json/json-text';
import type { Schema } from './builders';
import { describePath } from './path';
import { misspeltNames } from './spelling';

/** One thing that is wrong with a document. */
export interface Problem {
  /** Where: `proxy.listen_path`, `version_data.versions["Default"].name`, `tags[0]`; empty for the document itself. */
  readonly path: string;
  /** What, as the rest of a sentence: `must be an integer, got a string`. */
  readonly message: string;
}

export type Check = (document: JsonValue) => Problem[];

/** More than this nobody reads, and a hostile document could hold thousands. */
const MAX_PROBLEMS = 50;

// Verbose errors carry the offending value and its schema; type unions are how the schemas say "or null". That they are
// schemas is tested. V8 leaves out by itself what Ajv would take longer to leave out of its code than all the rest.
const ajv = addFormats(
  new Ajv({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strictRequired: true,
    validateSchema: false,
    code: { optimize: false },
  }),
);

/**
 * Makes a check of a schema. It takes microseconds a document, changes nothing and never throws; the first call also compiles the
 * schema, which takes tens of milliseconds that programs without documents should not pay.
 */
export function makeCheck(schema: Schema): Check {
  let validate: ValidateFunction | undefined;
  return (document) => {
    validate ??= ajv.compile(schema);
    const errors = validate(document) ? [] : (validate.errors ?? []);
    const found = [
      ...errors.slice(0, MAX_PROBLEMS).map(fromError),
      ...misspeltNames(document, schema).map(({ segments, knownAs }) => ({
        segments,
        message: `gateways would read this as "${knownAs}": spell it so`,
      })),
    ];
    // Two rules may object to one value, a pattern and a format for instance: once is enough.
    const problems = new Map<string, Problem>();
    for (const { segments, message } of found.slice(0, MAX_PROBLEMS)) {
      const path = describePath(segments, document, schema);
      if (!problems.has(path)) problems.set(path, { path, message });
    }
    return [...problems.values()];
  };
}

function fromError(error: ErrorObject): { segments: string[]; message: string } {
  const segments = parsePointer(error.instancePath);
  if (error.keyword === 'required') {
    const missing: unknown = error.params['missingProperty'];
    return { segments: [...segments, String(missing)], message: 'is required' };
  }
  const wanted = `must be ${wantedBy(error.parentSchema ?? {})}`;
  return { segments, message: error.keyword === 'type' ? `${wanted}, got ${kindOf(error.data)}` : wanted };
}

function wantedBy(schema: Schema): string {
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  return schema.description ?? types.map(withArticle).join(' or ');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a number with a fraction';
  return withArticle(typeof value);
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
