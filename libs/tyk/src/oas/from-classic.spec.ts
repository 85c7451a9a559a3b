import { definitionSchema } from '../definition-schema';
import type { JsonObject, JsonValue } from '../json-text';
import { at, objectAt } from '../read';
import type { Schema } from '../schema/builders';
import { describePath } from '../schema/path';
import { fullDefinition } from '../testing/definitions';
import { sharedDocuments } from '../testing/shared-fixtures';
import { migrateToOas, migrateVersions } from './from-classic';
import { listPath, minimal, withLists } from './testing/classic';
import { meaningOf } from './testing/meaning';
import { deriveClassicDefinition } from './to-classic';
import { checkOas } from './validate';
import { EXTENSION, sameMeaning, without } from './values';

/** A definition that sets one field the schema knows, beside what every API needs. */
interface Sample {
  readonly segments: readonly string[];
  readonly value: JsonValue;
  readonly definition: JsonObject;
}

function samples(schema: Schema, segments: string[], wrap: (value: JsonValue) => JsonValue): Sample[] {
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
  const value = sampleValue(schema);
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

describe('migration to OAS', () => {
  it('carries or reports every field that nodes know', () => {
    const silent = samples(definitionSchema, [], (value) => value).filter(({ segments, value, definition }) => {
      const { oas, report } = migrateToOas(definition);
      expect(checkOas(oas)).toEqual([]);
      const path = describePath(segments, definition, definitionSchema);
      if (report.some((problem) => path.startsWith(problem.path) || problem.path.startsWith(path))) return false;
      const place =
        segments[0] === 'version_data' && segments[1] === 'versions'
          ? ['version_data', 'versions', '', ...segments.slice(3)]
          : segments;
      const derived = place.reduce<JsonValue | undefined>(
        (found, segment) => (Array.isArray(found) ? found[Number(segment)] : at(found, segment)),
        deriveClassicDefinition(oas),
      );
      return !sameMeaning(derived, value);
    });
    const unexpected = silent
      .map(({ segments, definition }) => describePath(segments, definition, definitionSchema))
      .filter((path) => !HARMLESS.some((pattern) => pattern.test(path)));
    expect(unexpected).toEqual([]);
  });

  it('gives an API that means the same to nodes', () => {
    const { oas, report } = migrateToOas(fullDefinition);
    expect(checkOas(oas)).toEqual([]);
    expect(report).toEqual([
      { path: 'global_rate_limit.rate', message: 'becomes 101 in an OAS API' },
      { path: 'auth', message: 'is not in use beside auth_configs, and is left out' },
      { path: 'version_data.versions["v1.0"].expires', message: 'has no counterpart in an OAS API' },
    ]);
    const rounded = { rate: 101, per: 60 };
    const derived = deriveClassicDefinition(oas, fullDefinition);
    expect(meaningOf(derived)).toEqual(meaningOf({ ...fullDefinition, global_rate_limit: rounded }));
  });

  it('gives real definitions the same meaning as before', () => {
    for (const wrapper of sharedDocuments('definitions')) {
      const classic = at(wrapper, 'api_definition');
      if (classic === undefined) continue;
      const definition = objectAt(classic);
      const { oas, report } = migrateToOas(definition);
      expect(checkOas(oas)).toEqual([]);
      // Two of them have paths or versions that an OAS document cannot have as they are, which the report says.
      const differs = report.some(
        ({ message }) => message.includes('".*" is used instead') || message.includes('a version of its own'),
      );
      if (differs) continue;
      for (const base of [definition, without(definition, 'name')]) {
        const derived = deriveClassicDefinition(oas, base);
        expect(meaningOf(derived)).toEqual(meaningOf(definition));
      }
    }
  });

  it('makes a document that is complete without the classic definition', () => {
    const { oas, report } = migrateToOas(
      withLists({ white_list: [{ path: '/a', method: 'GET' }] }, { slug: 'things', api_id: 'a1' }),
    );
    expect(report).toEqual([]);
    expect(oas).toEqual({
      openapi: '3.0.3',
      info: { title: 'Things', version: 'Default' },
      paths: { '/a': { get: { operationId: 'aGET', responses: { default: { description: '' } } } } },
      [EXTENSION]: {
        info: { id: 'a1', name: 'Things', state: { active: true } },
        upstream: { url: 'https://things.example.com' },
        server: { slug: 'things', listenPath: { value: '/things/', strip: true } },
        middleware: {
          global: { trafficLogs: { enabled: true } },
          operations: { aGET: { allow: { enabled: true } } },
        },
      },
    });
  });

  it('does not change the definition', () => {
    const copy = structuredClone(fullDefinition);
    migrateToOas(fullDefinition);
    migrateVersions(fullDefinition, (name) => name);
    expect(fullDefinition).toEqual(copy);
  });

  it('reports what it has to leave behind, with its path', () => {
    const { report } = migrateToOas(
      withLists(
        { transform_jq: [{ path: '/', method: 'GET', filter: '.' }], internal: [{ path: '/a', method: 'LINK' }] },
        {
          graphql: { enabled: true },
          'odd name': 1,
          jwt_source: 'unused',
          allowed_ips: ['1.1.1.1'],
          event_handlers: { events: { A: [{ handler_name: 'cp_dynamic_handler' }] } },
        },
      ),
    );
    expect(report.map(({ path }) => path).sort()).toEqual([
      '["odd name"]',
      'allowed_ips',
      'event_handlers.events["A"][0]',
      'graphql',
      'jwt_source',
      `${listPath('internal')}[0]`,
      listPath('transform_jq'),
    ]);
  });
});

/** What the test above finds and what is right all the same. */
const HARMLESS = [
  // Names of versions and the like, which a single version does not need; the target becomes the API's.
  /^version_data\.(default_version|versions\[[^\]]+\]\.(name|override_target))$/,
  // Where versioning or GraphQL is off, the dashboard still writes its settings.
  /^definition\.(location|key)$/,
  /^graphql\./,
  /service_discovery\.cache_timeout$/,
  // Entries that are off do nothing.
  /\[0\]\.disabled$/,
  /validate_request\[0\]\.error_response_code$/,
  // Part of the document, not of the definition.
  /(mock_response|validate_json)\[0\]/,
  // Modes that do not exist.
  /template_mode$|function_source_type$/,
  // Another name of the same flag, and the name of a method nobody uses.
  /^use_go_plugin_auth$/,
  /^auth(_configs\["some.key"\])?\.name$/,
];
