import { CastellanError, ValidationFailed, type FieldError } from '@castellan/dto';
import { isJsonObject, TYK_EXTENSION, type JsonObject, type JsonValue } from '@castellan/tyk';
import { documentPath } from '../apis/document-paths';
import { limitsFor } from '../http/bodies/limits';
import { readJson } from '../http/bodies/read-json';
import { MalformedBody } from '../http/bodies/refusals';
import { readYaml } from '../import-export/yaml';

/** What Tyk says of a body that is no document (docs/tyk/management.md#openapi-documents). */
const unreadable = "Couldn't read body.";

/**
 * The document of a request: an object as it came, or the text of a document in JSON or YAML.
 *
 * @throws ValidationFailed, MalformedBody, BodyTooLarge, Busy
 */
export const documentFrom = async (body: unknown): Promise<JsonObject> => {
  const value = typeof body === 'string' ? await fromText(body) : (body as JsonValue | undefined);
  if (isJsonObject(value)) return value;
  throw new ValidationFailed([{ path: 'body', message: 'must be an OpenAPI document' }], unreadable);
};

/** Files do not say reliably what they are. JSON is nearly always YAML as well, but read many times as fast. */
const fromText = async (text: string): Promise<JsonValue> => {
  if (/^\s*\{/.test(text)) {
    try {
      return await readJson(text, limitsFor(largestUpload));
    } catch (error) {
      // What is wrong about some place in valid JSON is so in YAML, too.
      if (!(error instanceof MalformedBody) || error.errors.length > 0) throw error;
    }
  }
  return fromYaml(text);
};

/** What files of this size may hold is what any may hold: how large a file may be is decided where it is received. */
const largestUpload = 16 * 1024 * 1024;

const fromYaml = async (text: string): Promise<JsonValue> => {
  try {
    return await readYaml(text);
  } catch (error) {
    if (!(error instanceof MalformedBody)) throw error;
    throw new CastellanError(400, 'malformed_json', unreadable, { errors: error.errors, cause: error });
  }
};

/** @throws ValidationFailed for a plain OpenAPI document */
export const requireExtension = (document: JsonObject): void => {
  if (Object.hasOwn(document, TYK_EXTENSION)) return;
  const errors = [{ path: TYK_EXTENSION, message: 'is required; import makes an API of a plain OpenAPI document' }];
  throw new ValidationFailed(errors, 'The payload should contain x-tyk-api-gateway.');
};

/** @throws ValidationFailed for a document that is an API already */
export const refuseExtension = (document: JsonObject): void => {
  if (!Object.hasOwn(document, TYK_EXTENSION)) return;
  const errors = [{ path: TYK_EXTENSION, message: 'must not be in a document that is imported' }];
  throw new ValidationFailed(errors, 'The import payload should not contain x-tyk-api-gateway.');
};

/** A problem of a wrapper, told to somebody who sent the document alone. */
const inDocument = ({ path, message }: FieldError): FieldError => {
  if (path === 'oas') return { path: 'body', message };
  return { path: path.startsWith('oas.') ? path.slice('oas.'.length) : documentPath(path), message };
};

/** Problems as fields of the document: what stands at its root has no path of its own. */
export const refuseProblems = (problems: readonly FieldError[]): void => {
  if (problems.length === 0) return;
  throw new ValidationFailed(problems.map(({ path, message }) => ({ path: path === '' ? 'body' : path, message })));
};

/** Runs work on a wrapper on behalf of somebody who sent a document, whose fields errors then name. */
export const asDocument = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ValidationFailed)) throw error;
    const errors = error.errors.map(inDocument);
    const [before] = error.errors;
    const isPlain = before !== undefined && error.message === `${before.path}: ${before.message}`;
    throw isPlain ? new ValidationFailed(errors) : new ValidationFailed(errors, error.message);
  }
};

/** What is missing, in the status and the words that clients of the route know. */
export const missingAs = (status: 400 | 404, message: string): CastellanError =>
  new CastellanError(status, 'not_found', message);
