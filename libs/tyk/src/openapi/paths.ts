import { type JsonObject, type JsonValue } from '../json/json-text';
import { resolveReference } from './references';
import { objectAt, textAt } from '../json/read';
import { byName, objectsOf, type JsonDraft } from './values';

/** The methods an OpenAPI path item has. Classic definitions may name others, which have no counterpart. */
export const METHODS = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put', 'trace'] as const;

/** One operation of a document. */
export interface DocumentOperation {
  readonly path: string;
  /** In capitals, as classic definitions write it. */
  readonly method: string;
  readonly id: string;
  readonly operation: JsonObject;
  readonly pathItem: JsonObject;
}

/** All operations, in the order in which nodes try their paths: long ones first, those with parameters last. */
export function operationsOf(document: JsonObject): DocumentOperation[] {
  return Object.entries(objectAt(document['paths']))
    .sort(([a], [b]) => comparePaths(a, b))
    .flatMap(([path, item]) => {
      const pathItem = objectAt(resolveReference(document, item));
      return METHODS.filter((method) => pathItem[method] !== undefined).map((method) => {
        const operation = objectAt(pathItem[method]);
        return { path, method: method.toUpperCase(), id: textAt(operation['operationId']), operation, pathItem };
      });
    });
}

/** More segments first, then longer paths, then by name; parameters do not count, and a path with one follows its equal without. */
function comparePaths(a: string, b: string): number {
  const [bareA, bareB] = [withoutParameters(a), withoutParameters(b)];
  if (bareA === bareB) return byName(b, a) * Number(a !== b);
  const bySegments = bareB.split('/').length - bareA.split('/').length;
  return bySegments || bareB.length - bareA.length || byName(bareA, bareB);
}

function withoutParameters(path: string): string {
  return path.replace(/\{[^}]+\}/gu, '');
}

/** The id nodes and other tools give to an operation that has none. */
export function defaultOperationId(path: string, method: string): string {
  return path.replace(/^\//u, '') + method.toUpperCase();
}

/** Parameters of this name stand for a part of a classic path that is a regular expression. */
const EXPRESSION_PARAMETER = /^customRegex[0-9]+$/u;

/** The path of an operation for a classic definition, where the expressions taken out by {@link toDocumentPath} are back in place. */
export function toClassicPath(document: JsonObject, { path, pathItem, operation }: DocumentOperation): string {
  const parameters = [pathItem, operation].flatMap((owner) => objectsOf(owner['parameters']));
  let classic = path;
  for (const parameter of parameters.map((each) => objectAt(resolveReference(document, each)))) {
    const name = textAt(parameter['name']);
    const pattern = textAt(objectAt(parameter['schema'])['pattern']);
    if (EXPRESSION_PARAMETER.test(name) && pattern !== '') classic = classic.split(`{${name}}`).join(pattern);
  }
  return classic;
}

/** A classic path as OpenAPI can express it. */
export interface DocumentPath {
  readonly path: string;
  readonly parameters: readonly JsonDraft[];
  /** What changes its meaning, if anything does. */
  readonly note?: string;
}

/**
 * Turns a classic path, which nodes use as a regular expression, into a path of an OpenAPI document: each segment that is an
 * expression becomes a parameter with that pattern.
 */
export function toDocumentPath(classicPath: string): DocumentPath {
  const notes: string[] = [];
  if (!classicPath.startsWith('/'))
    notes.push(`"${classicPath}" matches anywhere in a path, "/${classicPath}" does not`);
  const segments = splitSegments(classicPath.replace(/^\//u, ''));

  const parameters: JsonDraft[] = [];
  let expressions = 0;
  const path = segments.map((segment) => {
    const template = /^\{([^{}:]+)(?::(.*))?\}$/u.exec(segment);
    if (template !== null) {
      const [, name = '', pattern] = template;
      parameters.push(pathParameter(name, pattern));
      return `{${name}}`;
    }
    if (!isExpression(segment)) {
      for (const [, name = ''] of segment.matchAll(/\{([^{}]+)\}/gu)) parameters.push(pathParameter(name));
      return segment;
    }
    expressions += 1;
    const name = `customRegex${expressions}`;
    const valid = isPattern(segment);
    if (!valid) notes.push(`"${segment}" is not an expression of its own; ".*" is used instead`);
    parameters.push(pathParameter(name, valid ? segment : '.*'));
    return `{${name}}`;
  });
  const note = notes.length > 0 ? { note: notes.join('; ') } : {};
  return { path: `/${path.join('/')}`, parameters, ...note };
}

function pathParameter(name: string, pattern?: string): JsonDraft {
  const schema: JsonValue = pattern === undefined ? { type: 'string' } : { type: 'string', pattern };
  return { name, in: 'path', required: true, schema };
}

function isExpression(segment: string): boolean {
  return /[[\]*+?()|^$\\]/u.test(segment);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

/** Splits at slashes, but not inside brackets: the slash of `[^/]+` belongs to the expression. */
function splitSegments(path: string): string[] {
  const segments = [''];
  let depth = 0;
  for (const character of path) {
    if (character === '[' || character === '(') depth += 1;
    if (character === ']' || character === ')') depth -= 1;
    if (character === '/' && depth <= 0) segments.push('');
    else segments.push((segments.pop() ?? '') + character);
  }
  return segments;
}

/** The path with its parameters' names taken out: two paths of a document must differ in this. */
export function pathTemplate(path: string): string {
  return path.replace(/\{[^}]*\}/gu, '{}');
}
