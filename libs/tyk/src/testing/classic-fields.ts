import type { JsonObject, JsonValue } from '../json/json-text';
import { at, objectAt } from '../json/read';
import type { Schema } from '../schema/builders';
import { minimal } from './classic';

/** A definition that sets one field the schema knows, beside what every API needs. */
export interface Sample {
  readonly segments: readonly string[];
  readonly value: JsonValue;
  readonly definition: JsonObject;
}

/** Of fields that take certain words only, one that they take. */
const chosen: Readonly<Record<string, JsonValue>> = { jwt_signing_method: 'rsa' };

/** One sample for each field of a definition's schema. */
export function samples(schema: Schema, segments: string[], wrap: (value: JsonValue) => JsonValue): Sample[] {
  if (schema.properties !== undefined) {
    // An entry of a list of paths is nothing without a place.
    const isEntry = schema.properties['path'] !== undefined && schema.properties['method'] !== undefined;
    const place = isEntry ? { path: '/p', method: 'GET' } : {};
    return Object.entries(schema.properties).flatMap(([name, field]) =>
      samples(field, [...segments, name], (value) => wrap({ ...place, [name]: value })),
    );
  }
  if (schema.items !== undefined) return samples(schema.items, [...segments, '0'], (value) => wrap([value]));
  if (schema.additionalProperties !== undefined) {
    return samples(schema.additionalProperties, [...segments, 'some.key'], (value) => wrap({ 'some.key': value }));
  }
  const value = chosen[segments.at(-1) ?? ''] ?? sampleValue(schema);
  return [{ segments, value, definition: complete(objectAt(wrap(value))) }];
}

function sampleValue(schema: Schema): JsonValue {
  const types = [schema.type ?? []].flat();
  if (schema.description?.includes('duration') === true) return '5s';
  if (schema.pattern?.includes('{24}') === true) return '0123456789abcdef01234567';
  if (types.includes('boolean')) return true;
  if (types.includes('integer') || types.includes('number')) return 7;
  return schema.format === 'date-time' ? '2024-01-01T00:00:00Z' : 'sample';
}

function complete(part: JsonObject): JsonObject {
  const proxy = { ...objectAt(minimal, 'proxy'), ...objectAt(part, 'proxy') };
  const version = at(part, 'version_data', 'versions', 'some.key');
  if (version === undefined) return { ...minimal, ...part, proxy };
  const versions = { 'some.key': { use_extended_paths: true, ...objectAt(version) } };
  return { ...minimal, ...part, proxy, version_data: { not_versioned: true, versions } };
}

/** Fields that an OAS API need neither carry nor report: they say nothing to a node. */
export const HARMLESS = [
  // Names of versions and the like, which a single version does not need; the target becomes the API's.
  /^version_data\.(default_version|versions\[[^\]]+\]\.(name|override_target))$/,
  // Where versioning or GraphQL is off, the dashboard still writes its settings.
  /^definition\.(location|key)$/,
  /^graphql\.(execution_mode|version|proxy\.features\.use_immutable_headers)$/,
  /service_discovery\.cache_timeout$/,
  // Entries that are off do nothing.
  /\[0\]\.disabled$/,
  /validate_request\[0\]\.(path|method|error_response_code)$/,
  // Part of the document, not of the definition.
  /(mock_response|validate_json)\[0\]/,
  // Modes that do not exist.
  /template_mode$|function_source_type$/,
  // The only requirement asks for every method that is on, as none would; what is not on is reported.
  /^security_requirements\[0\]\[\d+\]$/,
  // Another name of the same flag, and the name of a method nobody uses.
  /^use_go_plugin_auth$/,
  /^auth(_configs\["some.key"\])?\.name$/,
];
