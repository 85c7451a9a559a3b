import { CastellanError, ValidationFailed } from '@castellan/dto';
import { JsonTextError, type JsonValue } from '@castellan/tyk';
import type { ExportFormat } from '../export.service';
import { readYaml, YamlError } from '../yaml';

const yamlTypes = /\b(application|text)\/(x-)?yaml\b/i;

/** The format that a query or, without one, the `Accept` header asks for. @throws ValidationFailed */
export const formatFrom = (format: string | undefined, accept: string | undefined): ExportFormat => {
  if (format === 'json' || format === 'yaml') return format;
  if (format !== undefined && format !== '') {
    throw new ValidationFailed([{ path: 'format', message: 'must be json or yaml' }]);
  }
  return yamlTypes.test(accept ?? '') ? 'yaml' : 'json';
};

/** A query that is on or off. Anything else is refused: a mistyped dry run must not turn into a real one. */
export const flagFrom = (name: string, value: unknown): boolean => {
  if (value === 'true' || value === '') return true;
  if (value === undefined || value === 'false') return false;
  throw new ValidationFailed([{ path: name, message: 'must be true or false' }]);
};

/** @throws ValidationFailed for a query that the route does not know */
export const refuseUnknown = (query: Readonly<Record<string, unknown>>, known: readonly string[]): void => {
  const unknown = Object.keys(query).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new ValidationFailed(unknown.map((path) => ({ path, message: `is not known; there are ${known.join(', ')}` })));
};

/**
 * The document of a body, which the server has parsed when it is JSON, and left as text when it is YAML.
 *
 * @param limit how many bytes of YAML are read
 */
export const documentFrom = async (body: unknown, limit: number): Promise<JsonValue | undefined> => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  if (typeof body !== 'string') return body as JsonValue | undefined;
  if (Buffer.byteLength(body) > limit) {
    throw new CastellanError(413, 'body_too_large', `YAML is read up to ${limit} bytes; send larger documents as JSON`);
  }
  try {
    return await readYaml(body);
  } catch (error) {
    if (!(error instanceof YamlError || error instanceof JsonTextError)) throw error;
    throw new CastellanError(400, 'malformed_json', `Request body malformed: ${error.message}`, { cause: error });
  }
};

/** Weak tags and those that a compressing proxy has marked count too. */
const entityTag = /^(?:W\/)?"([0-9a-f]{64})(?:-yaml)?(?:[-;][a-z]+)?"$/i;

const tagsOf = (header: string): readonly string[] =>
  header.split(',').flatMap((tag) => entityTag.exec(tag.trim())?.[1] ?? []);

export const exportTag = (tag: string, format: ExportFormat): string =>
  format === 'json' ? `"${tag}"` : `"${tag}-yaml"`;

/** Whether `If-None-Match` names this very export. */
export const isKnownExport = (header: string | undefined, tag: string, format: ExportFormat): boolean =>
  (header ?? '').split(',').some((given) => {
    const isYaml = given.includes('-yaml');
    return tagsOf(given).includes(tag) && isYaml === (format === 'yaml');
  });

/** What `If-Match` demands of the configuration that an import is about to change. */
export const demandOf = (header: string | undefined): 'nothing' | 'anything' | readonly string[] => {
  if (header === undefined) return 'nothing';
  return header.trim() === '*' ? 'anything' : tagsOf(header);
};
