import { JsonTextError, parseJson, type JsonObject } from '../../json/json-text';
import { entryPath } from '../../schema/path';
import { DocumentBuilder, NoPlace } from '../document-builder';
import { toOpenApiSchema } from './json-schema';
import { under, type Lost } from '../lost';
import { ALLOWANCES, FEATURES, type Feature } from './operation-features';
import { METHODS } from '../../openapi/paths';

import { listAt, numberAt, objectAt, textAt } from '../../json/read';
import { fieldPath, isUnset, objectsOf, without, writeAt } from '../../openapi/values';

/**
 * Turns the path lists of a version into operations; `lost` gets paths inside `extended_paths`.
 *
 * @param cacheOptions the API's own cache settings, which paths of the plain list `cache` use
 */
export function operationsToOas(lists: JsonObject, cacheOptions: JsonObject, lost: Lost): DocumentBuilder {
  const builder = new DocumentBuilder();
  addCachedPaths(builder, lists, cacheOptions, lost);
  for (const feature of FEATURES) {
    for (const [index, entry] of objectsOf(lists[feature.classic]).entries()) {
      addEntry(builder, feature, entry, under(lost, entryPath(feature.classic, index)));
    }
  }
  for (const [index, entry] of objectsOf(lists['mock_response']).entries()) {
    reportUnknown(entry, MOCK_FIELDS, under(lost, entryPath('mock_response', index)));
    addMock(builder, entry, textAt(entry['method']), entry, under(lost, entryPath('mock_response', index)));
  }
  for (const [index, entry] of objectsOf(lists['validate_json']).entries()) {
    reportUnknown(entry, VALIDATION_FIELDS, under(lost, entryPath('validate_json', index)));
    addValidation(builder, entry, under(lost, entryPath('validate_json', index)));
  }
  return builder;
}

const MOCK_FIELDS = ['path', 'method', 'disabled', 'code', 'body', 'headers'];
const VALIDATION_FIELDS = ['path', 'method', 'disabled', 'schema', 'schema_b64', 'error_response_code'];

const ACTION_FIELDS = ['action', 'code', 'data', 'headers'];

function reportUnknown(entry: JsonObject, known: readonly string[], lost: Lost): void {
  for (const [field, value] of Object.entries(without(entry, ...known))) {
    if (!isUnset(value)) lost(fieldPath('', field));
  }
}

function addEntry(builder: DocumentBuilder, feature: Feature, entry: JsonObject, lost: Lost): void {
  const actionsField = ALLOWANCES.has(feature.classic) ? ['method_actions'] : [];
  reportUnknown(entry, [...feature.known, ...actionsField], lost);
  const actions = ALLOWANCES.has(feature.classic) ? Object.entries(objectAt(entry['method_actions'])) : [];
  if (actions.length > 0) {
    for (const [method, action] of actions) addAction(builder, feature, entry, method, objectAt(action), lost);
    return;
  }
  const method = textAt(entry['method']);
  if (method !== '') {
    addSetting(builder, feature, entry, method, lost);
  } else if (ALLOWANCES.has(feature.classic)) {
    for (const each of METHODS) addSetting(builder, feature, entry, each, lost);
  } else {
    lost('', 'names no method, an operation needs one');
  }
}

/** One method of an allowed, blocked or ignored path: nothing special, or a reply of the node's own. */
function addAction(
  builder: DocumentBuilder,
  feature: Feature,
  entry: JsonObject,
  method: string,
  action: JsonObject,
  lost: Lost,
): void {
  const kind = textAt(action['action']);
  reportUnknown(action, ACTION_FIELDS, under(lost, entryPath('method_actions', method)));
  if (kind === 'no_action') {
    addSetting(builder, feature, entry, method, lost);
  } else if (kind === 'reply') {
    const mock: JsonObject = {
      ...entry,
      code: action['code'] ?? 200,
      body: action['data'] ?? '',
      headers: action['headers'] ?? {},
    };
    // The other paths of an API with a list of allowed paths stay closed, so this one must stay on the list.
    if (feature.oas === 'allow') addSetting(builder, feature, entry, method, lost);
    addMock(builder, entry, method, mock, under(lost, entryPath('method_actions', method)));
  } else {
    lost(entryPath('method_actions', method), `"${kind}" is not an action an operation can have`);
  }
}

function addSetting(builder: DocumentBuilder, feature: Feature, entry: JsonObject, method: string, lost: Lost): void {
  const place = builder.operation(textAt(entry['path']), method, (note) => {
    lost('path', note);
  });
  if (place instanceof NoPlace) {
    lost('', place.reason);
  } else if (place.settings[feature.oas] !== undefined) {
    lost('', 'repeats the path and method of an earlier entry, which is the one in use');
  } else {
    place.settings[feature.oas] = feature.toOas(entry, lost);
  }
}

/** A classic mock answers before authentication, so the operation must not ask for it either. */
function addMock(builder: DocumentBuilder, entry: JsonObject, method: string, mock: JsonObject, lost: Lost): void {
  const place = builder.operation(textAt(entry['path']), method, (note) => {
    lost('path', note);
  });
  if (place instanceof NoPlace) {
    lost('', place.reason);
    return;
  }
  if (place.settings['mockResponse'] !== undefined) {
    lost('', 'repeats the path and method of an earlier entry, which is the one in use');
    return;
  }
  const code = numberAt(mock['code']) || 200;
  const headers = Object.entries(objectAt(mock['headers'])).map(([name, value]) => ({ name, value: textAt(value) }));
  place.settings['mockResponse'] = {
    enabled: mock['disabled'] !== true,
    code,
    body: textAt(mock['body']),
    ...(headers.length > 0 ? { headers } : {}),
  };
  place.settings['ignoreAuthentication'] ??= { enabled: true };
  if (code >= 100 && code <= 599) place.operation['responses'] = { [String(code)]: { description: '' } };
}

/** A classic validation has the schema in the entry, an OAS operation in its request body. */
function addValidation(builder: DocumentBuilder, entry: JsonObject, lost: Lost): void {
  const place = builder.operation(textAt(entry['path']), textAt(entry['method']), (note) => {
    lost('path', note);
  });
  if (place instanceof NoPlace) {
    lost('', place.reason);
    return;
  }
  const converted = toOpenApiSchema(schemaOf(entry, lost));
  for (const path of converted.lost) lost(path, 'cannot be checked with a schema of OpenAPI 3.0');
  writeAt(place.operation, 'requestBody', {
    required: true,
    content: { 'application/json': { schema: converted.schema } },
  });
  const code = numberAt(entry['error_response_code']);
  place.settings['validateRequest'] = {
    enabled: entry['disabled'] !== true,
    ...(code > 0 ? { errorResponseCode: code } : {}),
  };
}

/** The schema stands in the entry, or in base64 beside it in definitions that come from a database. */
function schemaOf(entry: JsonObject, lost: Lost): JsonObject {
  const encoded = textAt(entry['schema_b64']);
  if (!isUnset(entry['schema']) || encoded === '') return objectAt(entry['schema']);
  try {
    return objectAt(parseJson(Buffer.from(encoded, 'base64').toString('utf8')));
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    lost('schema_b64', 'is not JSON in base64');
    return {};
  }
}

/** Paths that are cached with the API's own cache settings become operations with settings of their own. */
function addCachedPaths(builder: DocumentBuilder, lists: JsonObject, cacheOptions: JsonObject, lost: Lost): void {
  const cache = FEATURES.find((feature) => feature.oas === 'cache');
  const timeout = numberAt(cacheOptions['cache_timeout']);
  for (const [index, path] of listAt(lists['cache']).entries()) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const entry: JsonObject = {
        path: textAt(path),
        method,
        disabled: cacheOptions['enable_cache'] !== true,
        timeout: timeout > 0 ? timeout : DEFAULT_CACHE_SECONDS,
        cache_response_codes: listAt(cacheOptions['cache_response_codes']),
      };
      // A plain path has no fields, so whatever is lost is lost of the path.
      const pathLost: Lost = (_, message) => {
        lost(entryPath('cache', index), message);
      };
      if (cache !== undefined) addSetting(builder, cache, entry, method, pathLost);
    }
  }
}

const DEFAULT_CACHE_SECONDS = 60;
