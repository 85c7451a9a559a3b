import { isJsonObject, ownField, type JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import type { Problem } from '../schema/check';
import { entryPath } from '../schema/path';
import { defaultOperationId, operationsOf, type DocumentOperation } from '../openapi/paths';
import { resolveReference } from '../openapi/references';
import { defineField, objectsOf, readAt, without, writeAt, type JsonDraft } from '../openapi/values';

/** What can be asked for all operations at once; absent means that nothing changes. */
export interface OperationOptions {
  readonly allowList?: boolean;
  readonly validateRequest?: boolean;
  readonly mockResponse?: boolean;
}

/**
 * Sets up the document's operations in the extension, and drops the settings of those the document does not have.
 *
 * @returns the document, in which an operation that got settings also has the id that ties them to it
 */
export function importOperations(
  document: JsonObject,
  extension: JsonDraft,
  options: OperationOptions,
): { readonly document: JsonObject; readonly notes: readonly Problem[] } {
  const before = objectAt(readAt(extension, 'middleware.operations'));
  const after: JsonDraft = {};
  const paths: JsonDraft = { ...objectAt(document['paths']) };
  const notes: Problem[] = [];
  const operations = operationsOf(document);
  const taken = new Set(operations.map(({ id }) => id));
  let named = false;
  for (const operation of operations) {
    const settings = settingsFor(document, operation, objectAt(ownField(before, operation.id)), options);
    if (Object.keys(settings).length === 0) continue;
    const id = operation.id === '' ? nameOperation(paths, operation, taken) : operation.id;
    if (id === undefined) {
      const message = 'is a reference; name its operations to set them up';
      notes.push({ path: entryPath('paths', operation.path), message });
      continue;
    }
    named ||= operation.id === '';
    defineField(after, id, settings);
  }
  writeOperations(extension, after);
  return { document: named ? { ...document, paths } : document, notes };
}

function writeOperations(extension: JsonDraft, operations: JsonObject): void {
  if (Object.keys(operations).length > 0) {
    writeAt(extension, 'middleware.operations', operations);
  } else if (readAt(extension, 'middleware.operations') !== undefined) {
    extension['middleware'] = without(objectAt(extension['middleware']), 'operations');
  }
}

/** Gives an operation the usual id, or the first free one like it. A path that stands elsewhere is not touched. */
function nameOperation(paths: JsonDraft, { path, method }: DocumentOperation, taken: Set<string>): string | undefined {
  const pathItem = objectAt(ownField(paths, path));
  const operation = pathItem[method.toLowerCase()];
  if (!isJsonObject(operation)) return undefined;
  const usual = defaultOperationId(path, method);
  let id = usual;
  for (let suffix = 2; taken.has(id); suffix += 1) id = `${usual}${suffix}`;
  taken.add(id);
  defineField(paths, path, { ...pathItem, [method.toLowerCase()]: { ...operation, operationId: id } });
  return id;
}

function settingsFor(
  document: JsonObject,
  { operation, pathItem }: DocumentOperation,
  current: JsonObject,
  { allowList, validateRequest, mockResponse }: OperationOptions,
): JsonObject {
  const settings: JsonDraft = { ...current };
  if (allowList !== undefined) {
    settings['allow'] = { ...objectAt(current['allow']), enabled: allowList };
    const block = current['block'];
    if (allowList && isJsonObject(block) && block['enabled'] === true) settings['block'] = { ...block, enabled: false };
  }
  if (validateRequest !== undefined && hasInput(document, operation, pathItem)) {
    const previous = objectAt(current['validateRequest']);
    settings['validateRequest'] = { ...previous, enabled: validateRequest, errorResponseCode: 422 };
  }
  if (mockResponse !== undefined && hasExample(document, operation)) {
    settings['mockResponse'] = {
      ...objectAt(current['mockResponse']),
      enabled: mockResponse,
      fromOASExamples: { ...objectAt(current['mockResponse'], 'fromOASExamples'), enabled: mockResponse },
    };
  }
  return settings;
}

/** There is something to validate: a parameter, or a body of JSON. */
function hasInput(document: JsonObject, operation: JsonObject, pathItem: JsonObject): boolean {
  if (objectsOf(operation['parameters']).length > 0 || objectsOf(pathItem['parameters']).length > 0) return true;
  const body = objectAt(resolveReference(document, operation['requestBody']));
  return ownField(objectAt(body['content']), 'application/json') !== undefined;
}

/** A response can be made up: it has an example, or a schema to make one of. */
function hasExample(document: JsonObject, operation: JsonObject): boolean {
  const responses = Object.values(objectAt(operation['responses']));
  return responses
    .flatMap((response) => Object.values(objectAt(resolveReference(document, response), 'content')))
    .some((media) => ['example', 'schema', 'examples'].some((field) => objectAt(media)[field] !== undefined));
}
