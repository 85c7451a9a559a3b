import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { textAt } from '../../json/read';
import { makeCheck, type Problem } from '../../schema/check';
import { checkCompiled } from '../compiled/check-compiled';
import { EXTENSION_FIELDS } from '../compiled/fields';
import { checkStructure } from './openapi-check';
import { extensionSchema, supportedVersion } from './schema';
import { checkLoading } from './loading';
import { checkSchemaCircles } from './schema-circles';
import { checkMeaning, checkReferences } from './semantics';
import { EXTENSION, objectsOf, readAt } from '../../openapi/values';

/** Far more than documents have, and little enough for readers that call themselves for each level. */
const MAX_DEPTH = 100;

/** Objects, lists and values of a document together: some megabytes, which is what one stored document can have. */
const MAX_VALUES = 500_000;

/** More than this nobody reads. */
const MAX_PROBLEMS = 50;

export interface OasCheckOptions {
  /** Whether `x-tyk-api-gateway` must be there (an OAS API, the default), must not (an import), or may. */
  readonly extension?: 'required' | 'forbidden' | 'optional';
}

const checkExtensionFields = makeCheck(extensionSchema);

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
  const values = countValues(document);
  if (typeof values === 'string') return [{ path: '', message: values }];

  const version = supportedVersion(textAt(document, 'openapi'));
  if (version === undefined) return [versionProblem(document)];

  const structure = checkStructure(document, version, values);
  const references = checkReferences(document);
  // Everything at once, except for what only a sound document can be asked.
  const isSound = structure.length + references.length === 0;
  const meaning = [...checkMeaning(document), ...checkLoading(document)];
  if (isSound) meaning.push(...checkSchemaCircles(document));
  const extension = checkPresence(document, options.extension ?? 'required');
  return withoutRepeats([...structure, ...references, ...meaning, ...extension]).slice(0, MAX_PROBLEMS);
}

/** Some rules say the same of a place. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.path}\n${problem.message}`, problem])).values()];
}

function versionProblem(document: JsonObject): Problem {
  if (document['swagger'] !== undefined) {
    return {
      path: 'swagger',
      message: 'is a version before OpenAPI 3: import converts 2.0, or convert the document yourself',
    };
  }
  const given = textAt(document, 'openapi');
  if (/^3\.[2-9]/u.test(given)) {
    const message = `is ${given}, which no gateway reads yet: write the document in 3.0 or 3.1`;
    return { path: 'openapi', message };
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
  const shape = checkExtensionFields(extension);
  const isSound = shape.length === 0 && isJsonObject(extension);
  const found = isSound ? checkCompiled(extension, EXTENSION_FIELDS) : shape;
  const problems = found.map(({ path, message }) => ({
    path: `${EXTENSION}${path === '' || path.startsWith('[') ? '' : '.'}${path}`,
    message,
  }));
  if (!isJsonObject(extension) || !isJsonObject(extension['upstream'])) return problems;
  const hasTargets = objectsOf(readAt(extension, 'upstream.loadBalancing.targets')).length > 0;
  if (typeof extension['upstream']['url'] === 'string' || hasTargets) return problems;
  return [...problems, { path: `${EXTENSION}.upstream.url`, message: 'is required' }];
}

/** The number of values, or what is wrong with it or with the depth. Walks without recursion: the depth is in question. */
function countValues(document: JsonObject): number | string {
  let level: JsonValue[] = [document];
  let values = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    values += level.length;
    if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    if (values > MAX_VALUES) return `holds more than ${MAX_VALUES} values`;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return values;
}
