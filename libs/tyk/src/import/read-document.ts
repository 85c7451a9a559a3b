import { parse, YAMLParseError } from 'yaml';
import { JsonTextError, parseJson, type JsonValue } from '../json/json-text';
import type { Problem } from '../schema/check';

/** Characters of a document's text. Stored documents must fit into 16 MB with everything around them. */
const MAX_TEXT = 10_000_000;

/** Deeper than {@link checkOas} accepts, so that it is the one that says so. */
const MAX_NESTING = 500;

interface Unreadable {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

export type ReadResult = { readonly ok: true; readonly document: JsonValue } | Unreadable;

function failed(message: string): ReadResult {
  return { ok: false, problems: [{ path: '', message }] };
}

/**
 * Reads a document from its text, which is JSON or YAML. YAML's aliases are resolved, but not more of them than an honest document
 * has; it gives the same kinds of values that JSON does.
 */
export function readDocument(text: string): ReadResult {
  if (text.length > MAX_TEXT) return failed(`is longer than ${MAX_TEXT} characters`);
  try {
    return { ok: true, document: parseJson(text, MAX_NESTING) };
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    // A YAML text may start with a brace too, but hardly ever does.
    if (error.reason === 'depth' || /^\s*[{[]/u.test(text)) return failed('is not valid JSON, or nested too deeply');
  }
  return readYaml(text);
}

function readYaml(text: string): ReadResult {
  try {
    const options = {
      schema: 'core',
      merge: true,
      maxAliasCount: 100,
      prettyErrors: false,
      logLevel: 'error',
    } as const;
    const value: unknown = parse(text, options);
    // Through JSON, so that numbers such as .inf, keys that are no texts and shared parts come out as plain data.
    return { ok: true, document: parseJson(JSON.stringify(value ?? null), MAX_NESTING) };
  } catch (error) {
    if (error instanceof YAMLParseError) return failed(`is neither JSON nor YAML: ${error.message}`);
    if (error instanceof JsonTextError) return failed('is nested too deeply');
    // The parser's own word for too many aliases.
    if (error instanceof ReferenceError) return failed(`cannot be read as YAML: ${error.message}`);
    // A value that holds itself, or nesting beyond the parser's stack.
    if (error instanceof Error) return failed('cannot be read as YAML data');
    throw error;
  }
}
