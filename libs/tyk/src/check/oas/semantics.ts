import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../../json/json-text';
import { objectAt, textAt } from '../../json/read';
import type { Problem } from '../../schema/check';
import { entryPath } from '../../schema/path';
import { documentPath } from '../../json/document-path';
import { operationsOf, pathTemplate, type DocumentOperation } from '../../openapi/paths';
import { lookUp, resolveReference } from '../../openapi/references';
import { objectsOf, readAt } from '../../openapi/values';

/** Values that are data and not part of the document's structure; a `$ref` in them is a field like any other. */
const DATA: ReadonlySet<string> = new Set(['example', 'default', 'enum', 'const', 'value']);

/** Objects whose field names are chosen by the author, so none of them is a keyword. */
const MAPS: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', 'definitions', '$defs', 'dependentSchemas', 'paths', 'webhooks'],
  ...['schemas', 'responses', 'parameters', 'examples', 'requestBodies', 'headers', 'securitySchemes', 'links'],
  ...['callbacks', 'pathItems', 'content', 'encoding', 'variables'],
]);

/**
 * References that nodes cannot follow. Only those into the document itself are accepted: nothing is ever fetched for one, neither
 * here nor on nodes.
 */
export function checkReferences(document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  visitStructure(document, (object, trail) => {
    const reference = ownField(object, '$ref');
    const fault = typeof reference === 'string' ? referenceFault(document, reference) : undefined;
    if (fault !== undefined) problems.push({ path: documentPath([...trail, '$ref'], document), message: fault });
  });
  return problems;
}

/** Calls `visit` for each object of the document's structure whose field names are keywords. */
export function visitStructure(
  document: JsonObject,
  visit: (object: JsonObject, trail: readonly string[]) => void,
): void {
  const descend = (value: JsonValue, trail: readonly string[], isMap: boolean): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) descend(item, [...trail, String(index)], false);
      return;
    }
    if (!isJsonObject(value)) return;
    if (!isMap) visit(value, trail);
    for (const [name, child] of Object.entries(value)) {
      const isData = DATA.has(name) || name.startsWith('x-') || (name === 'examples' && Array.isArray(child));
      if (isMap || !isData) descend(child, [...trail, name], !isMap && MAPS.has(name));
    }
  };
  descend(document, [], false);
}

function referenceFault(document: JsonObject, reference: string): string | undefined {
  if (!reference.startsWith('#/')) {
    return `"${reference}" leads out of the document: bundle all of its files into one first`;
  }
  return lookUp(document, reference) === undefined ? `"${reference}" leads nowhere` : undefined;
}

/** Rules of OpenAPI that its schema cannot express and that nodes insist on: they do not load an API that breaks one. */
export function checkMeaning(document: JsonObject): Problem[] {
  const operations = operationsOf(document);
  return [
    ...checkOperationIds(operations),
    ...checkPaths(document),
    ...operations.flatMap((operation) => checkPathParameters(document, operation)),
    ...checkDuplicateParameters(document, operations),
    ...checkSecurity(document),
  ];
}

function operationPath({ path, method }: DocumentOperation): string {
  return `${entryPath('paths', path)}.${method.toLowerCase()}`;
}

function checkOperationIds(operations: readonly DocumentOperation[]): Problem[] {
  const seen = new Map<string, string>();
  return operations.flatMap((operation) => {
    const first = seen.get(operation.id);
    const at = operationPath(operation);
    if (operation.id !== '' && first === undefined) seen.set(operation.id, at);
    if (first === undefined) return [];
    return [{ path: `${at}.operationId`, message: `"${operation.id}" is the id of ${first} already` }];
  });
}

function checkPaths(document: JsonObject): Problem[] {
  const seen = new Map<string, string>();
  return Object.keys(objectAt(document, 'paths')).flatMap((path) => {
    const template = pathTemplate(path);
    const first = seen.get(template);
    if (first === undefined) seen.set(template, path);
    if (first === undefined) return [];
    return [{ path: entryPath('paths', path), message: `is the same path as "${first}" with other names` }];
  });
}

function checkPathParameters(document: JsonObject, operation: DocumentOperation): Problem[] {
  const inTemplate = [...operation.path.matchAll(/\{([^{}]+)\}/gu)].map((match) => match[1] ?? '');
  const declared = [operation.pathItem, operation.operation]
    .flatMap((owner) => objectsOf(ownField(owner, 'parameters')))
    .map((parameter) => objectAt(resolveReference(document, parameter)))
    .filter((parameter) => parameter['in'] === 'path')
    .map((parameter) => textAt(parameter, 'name'));
  const at = `${operationPath(operation)}.parameters`;
  return [
    ...inTemplate
      .filter((name) => !declared.includes(name))
      .map((name) => ({ path: at, message: `must declare the path parameter "${name}"` })),
    ...declared
      .filter((name) => !inTemplate.includes(name))
      .map((name) => ({ path: at, message: `must not declare "${name}", which the path does not have` })),
  ];
}

/** A parameter is one by its name and where it is; a list may have it once (operation and path item apart). */
function checkDuplicateParameters(document: JsonObject, operations: readonly DocumentOperation[]): Problem[] {
  const items = new Map(operations.map(({ path, pathItem }) => [pathItem, entryPath('paths', path)]));
  const owners = [...items, ...operations.map((each) => [each.operation, operationPath(each)] as const)];
  return owners.flatMap(([owner, at]) => {
    const keys = objectsOf(ownField(owner, 'parameters'))
      .map((parameter) => objectAt(resolveReference(document, parameter)))
      .map((parameter) => `${textAt(parameter, 'in')} ${textAt(parameter, 'name')}`);
    return keys.flatMap((key, index) =>
      keys.indexOf(key) === index
        ? []
        : [{ path: entryPath(`${at}.parameters`, index), message: `is there twice: "${key}"` }],
    );
  });
}

function checkSecurity(document: JsonObject): Problem[] {
  const schemes = objectAt(readAt(document, 'components.securitySchemes'));
  return objectsOf(document['security']).flatMap((requirement, index) =>
    Object.keys(requirement)
      .filter((name) => ownField(schemes, name) === undefined)
      .map((name) => ({
        path: entryPath(entryPath('security', index), name),
        message: 'is not one of components.securitySchemes',
      })),
  );
}
