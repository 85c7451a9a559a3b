import * as fc from 'fast-check';
import { checkDefinition } from './check-definition';
import { definitionSchema } from './definition-schema';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../../json/json-text';
import { at } from '../../json/read';
import type { Schema } from '../../schema/builders';
import { anyJson, anyJsonObject } from '../../testing/arbitraries';
import { fullDefinition } from '../../testing/definitions';
import { fixtures, realDocuments } from '../../../../../test/fixtures/load';

const minimal = { name: 'a', proxy: {} };

/** Every field the schema knows, with a document that holds only the way to it. */
interface KnownField {
  path: string;
  schema: Schema;
  holding: (value: JsonValue) => JsonValue;
}

function knownFields(schema: Schema, path = '', wrap: KnownField['holding'] = (value) => value): KnownField[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    knownFields(field, path === '' ? name : `${path}.${name}`, (value) => wrap({ [name]: value })),
  );
  const items = schema.items === undefined ? [] : knownFields(schema.items, `${path}[0]`, (value) => wrap([value]));
  const entries =
    schema.additionalProperties === undefined
      ? []
      : knownFields(schema.additionalProperties, `${path}["some.key"]`, (value) => wrap({ 'some.key': value }));
  return [...(path === '' ? [] : [{ path, schema, holding: wrap }]), ...fields, ...items, ...entries];
}

const fields = knownFields(definitionSchema).filter(({ schema }) => schema.type !== undefined);

function documentWith({ holding }: KnownField, value: JsonValue): JsonValue {
  const document = holding(value);
  return isJsonObject(document) ? { ...minimal, ...document } : document;
}

const ofEveryKind: Record<string, JsonValue> = { string: '', boolean: true, integer: 1, array: [], object: {} };

describe('checkDefinition', () => {
  it('lets a full definition, the smallest one and real ones pass', () => {
    expect(checkDefinition(fullDefinition)).toEqual([]);
    expect(checkDefinition(minimal)).toEqual([]);
    for (const { document: wrapper } of fixtures('definitions')) {
      const definition = at(wrapper, 'api_definition');
      if (definition !== undefined) expect(checkDefinition(definition)).toEqual([]);
    }
    for (const { document } of realDocuments('real-dumps/tyk_apis.jsonl'))
      expect(checkDefinition(document)).toEqual([]);
  });

  it('knows a few hundred fields', () => {
    expect(fields.length).toBeGreaterThan(400);
  });

  it('refuses every wrong kind of value in every known field, and names the field', () => {
    for (const field of fields) {
      const types = [field.schema.type ?? []].flat();
      const fitting = types.includes('number') ? [...types, 'integer'] : types;
      for (const [kind, value] of Object.entries(ofEveryKind)) {
        if (fitting.includes(kind)) continue;
        expect(checkDefinition(documentWith(field, value)).map(({ path }) => path)).toContain(field.path);
      }
    }
  });

  it('takes null for every field, as gateways do, except what must be there and durations', () => {
    const refused = fields.filter((field) => checkDefinition(documentWith(field, null)).length > 0);
    expect(refused.map(({ path }) => path).sort()).toEqual([
      'jwt_jwks_uris[0].cache_timeout',
      'name',
      'proxy',
      'version_data.versions["some.key"].extended_paths.hard_timeouts[0].duration',
      'version_data.versions["some.key"].global_enforce_timeout',
    ]);
  });

  it.each<[JsonObject, string, string]>([
    [{ proxy: {} }, 'name', 'is required'],
    [{ name: '', proxy: {} }, 'name', 'must be a string that is not empty'],
    [{ name: 'a' }, 'proxy', 'is required'],
    [{ ...minimal, active: 'true' }, 'active', 'must be a boolean, got a string'],
    [{ ...minimal, session_lifetime: '1' }, 'session_lifetime', 'must be an integer of 64 bits, got a string'],
    [
      { ...minimal, session_lifetime: 1.5 },
      'session_lifetime',
      'must be an integer of 64 bits, got a number with a fraction',
    ],
    [{ ...minimal, session_lifetime: 2 ** 63 }, 'session_lifetime', 'must be an integer of 64 bits'],
    [{ ...minimal, tags: ['a', 1] }, 'tags[1]', 'must be a string, got a number'],
    [{ ...minimal, tags: 'a' }, 'tags', 'must be an array, got a string'],
    [{ ...minimal, id: 'xyz' }, 'id', 'must be 24 hexadecimal digits, or empty'],
    [
      { name: 'a', proxy: { transport: { ssl_min_version: 70000 } } },
      'proxy.transport.ssl_min_version',
      'must be an integer from 0 to 65535',
    ],
    [
      { ...minimal, version_data: { versions: { 'a/b~"': { name: 7 } } } },
      'version_data.versions["a/b~\\""].name',
      'must be a string, got a number',
    ],
    [
      { ...minimal, graphql: { last_schema_update: '' } },
      'graphql.last_schema_update',
      'must be a time such as 2025-01-31T12:00:00Z',
    ],
    [
      { ...minimal, jwt_jwks_uris: [{ cache_timeout: 60 }] },
      'jwt_jwks_uris[0].cache_timeout',
      'must be a duration such as "1m30s", got a number',
    ],
  ])('says of %j that %s %s', (definition, path, message) => {
    expect(checkDefinition(definition)).toEqual([{ path, message }]);
  });

  it.each<[JsonValue, string]>([
    [null, 'must be an object, got null'],
    [[], 'must be an object, got an array'],
    ['{}', 'must be an object, got a string'],
  ])('refuses %j as a whole', (value, message) => {
    expect(checkDefinition(value)).toEqual([{ path: '', message }]);
  });

  it.each([
    '2024-02-30T10:00:00Z',
    '2024-01-01t10:00:00z',
    '2024-01-01 10:00:00Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01',
  ])('refuses the time %s, which no gateway decodes', (time) => {
    expect(checkDefinition({ ...minimal, graphql: { supergraph: { updated_at: time } } })).toHaveLength(1);
  });

  it('refuses a name that gateways would read as another, wherever it stands', () => {
    const definition = {
      ...minimal,
      Org_ID: 'somebody else',
      proxy: { LISTEN_PATH: '/theirs/' },
      version_data: { versions: { v1: { extended_paths: { White_List: [] } } } },
      // The long s and the Kelvin sign are s and k to Go.
      '\u017flug': 1,
      'use_\u212aeyless': true,
    };
    expect(checkDefinition(definition)).toEqual([
      { path: 'proxy["LISTEN_PATH"]', message: 'gateways would read this as "listen_path": spell it so' },
      { path: '["Org_ID"]', message: 'gateways would read this as "org_id": spell it so' },
      {
        path: 'version_data.versions["v1"].extended_paths["White_List"]',
        message: 'gateways would read this as "white_list": spell it so',
      },
      { path: '["\u017flug"]', message: 'gateways would read this as "slug": spell it so' },
      { path: '["use_\u212aeyless"]', message: 'gateways would read this as "use_keyless": spell it so' },
    ]);
  });

  it('lets maps have keys that look like fields', () => {
    expect(checkDefinition({ ...minimal, config_data: { NAME: 1 }, auth_configs: { JWT: {}, Auth: {} } })).toEqual([]);
  });

  it('says at most fifty things', () => {
    const tags = Array.from({ length: 1000 }, () => 1);
    expect(checkDefinition({ ...minimal, tags })).toHaveLength(50);
    const names = Object.fromEntries(tags.map((_, index) => [`v${index}`, { NAME: 'x' }]));
    expect(checkDefinition({ ...minimal, version_data: { versions: names } })).toHaveLength(50);
  });

  it('has nothing to say about unknown fields, and changes nothing', () => {
    fc.assert(
      fc.property(anyJson, anyJsonObject, (value, data) => {
        const definition = { ...fullDefinition, __unknown: value, 'unknown.field': [value], config_data: data };
        const text = JSON.stringify(definition);
        expect(checkDefinition(definition)).toEqual([]);
        expect(JSON.stringify(definition)).toBe(text);
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        anyJson,
        fc.constantFrom('proxy', 'version_data', 'auth_configs', 'graphql', 'tags'),
        (value, name) => {
          expect(Array.isArray(checkDefinition(value))).toBe(true);
          expect(Array.isArray(checkDefinition({ ...fullDefinition, [name]: value }))).toBe(true);
        },
      ),
    );
    const polluting = parseJson('{"name":"a","proxy":{"__proto__":{"listen_path":1}},"__proto__":{"active":"yes"}}');
    expect(checkDefinition(polluting)).toEqual([]);
  });
});
