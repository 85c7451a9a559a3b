import { isJsonObject, type JsonObject, type JsonValue } from '../json-text';
import { textAt } from '../read';
import { compileCheck, type Problem } from '../schema/check';
import { checkStructure } from './openapi-check';
import { extensionSchema, supportedVersion } from './schema';
import { checkMeaning, checkReferences } from './semantics';
import { EXTENSION, objectsOf, readAt } from './values';

/** Far above documents seen in the wild (the largest public ones nest 40 levels), and cheap to walk. */
const MAX_DEPTH = 100;

/** Objects, lists and values of a document together. A document near this limit has about ten megabytes. */
const MAX_VALUES = 500_000;

/** More than this nobody reads. */
const MAX_PROBLEMS = 50;

export interface OasCheckOptions {
  /** Whether `x-tyk-api-gateway` must be there (an OAS API, the default), must not (an import), or may. */
  readonly extension?: 'required' | 'forbidden' | 'optional';
}

const checkExtensionFields = compileCheck(extensionSchema);

/**
 * What is wrong with an OAS API: an OpenAPI 3.0 or 3.1 document with Tyk's extension. A document without a problem can be decoded
 * by nodes, which refuse the whole list of definitions over one that cannot.
 *
 * References are looked up inside the document only; nothing is read or fetched. Fields that nobody knows are fine in the extension
 * and, with a name that starts with `x-`, everywhere.
 *
 * @returns at most 50 problems
 */
export function checkOas(document: JsonValue, options: OasCheckOptions = {}): Problem[] {
  if (!isJsonObject(document)) return [{ path: '', message: 'must be an object, an OpenAPI document' }];
  // First, so that nothing below has to fear for its stack or its time.
  const tooLarge = sizeFault(document);
  if (tooLarge !== undefined) return [{ path: '', message: tooLarge }];

  const version = supportedVersion(textAt(document, 'openapi'));
  if (version === undefined) return [versionProblem(document)];

  const structure = checkStructure(document, version);
  const references = checkReferences(document);
  const meaning = structure.length + references.length === 0 ? checkMeaning(document) : [];
  const extension = checkPresence(document, options.extension ?? 'required');
  return [...structure, ...references, ...meaning, ...extension].slice(0, MAX_PROBLEMS);
}

function versionProblem(document: JsonObject): Problem {
  if (document['swagger'] !== undefined) {
    return { path: 'swagger', message: 'is a version before OpenAPI 3: convert the document to OpenAPI 3.0 or 3.1' };
  }
  return { path: 'openapi', message: 'must be a version that OAS APIs can have: 3.0 or 3.1, as in "3.0.3"' };
}

function checkPresence(document: JsonObject, extension: 'required' | 'forbidden' | 'optional'): Problem[] {
  const value = document[EXTENSION];
  if (value === undefined) {
    return extension === 'required' ? [{ path: EXTENSION, message: 'is required' }] : [];
  }
  if (extension === 'forbidden') {
    return [{ path: EXTENSION, message: 'must not be in a document that is imported' }];
  }
  return checkExtension(value);
}

/** What is wrong with the extension alone; paths start with its name. */
export function checkExtension(extension: JsonValue): Problem[] {
  const problems = checkExtensionFields(extension).map(({ path, message }) => ({
    path: `${EXTENSION}${path === '' || path.startsWith('[') ? '' : '.'}${path}`,
    message,
  }));
  if (!isJsonObject(extension) || !isJsonObject(extension['upstream'])) return problems;
  const hasTargets = objectsOf(readAt(extension, 'upstream.loadBalancing.targets')).length > 0;
  if (typeof extension['upstream']['url'] === 'string' || hasTargets) return problems;
  return [...problems, { path: `${EXTENSION}.upstream.url`, message: 'is required' }];
}

/** Walks without recursion: the depth is what is in question. */
function sizeFault(document: JsonObject): string | undefined {
  let level: JsonValue[] = [document];
  let values = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    values += level.length;
    if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    if (values > MAX_VALUES) return `holds more than ${MAX_VALUES} values`;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return undefined;
}
