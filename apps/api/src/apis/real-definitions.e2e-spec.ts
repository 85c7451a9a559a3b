import {
  isJsonObject,
  objectAt,
  parseJson,
  textAt,
  toNodeDocument,
  TYK_EXTENSION,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { NodeSimulator, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { omit } from './wrapper';
import { fixtures } from '../../../../test/fixtures/load';
import fc from 'fast-check';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const parse = (text: string): JsonObject => {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error('A fixture holds no object');
  return value;
};

const documents = fixtures('definitions').map(({ file, document }) => [file, document] as const);
const classic = documents.filter(([, document]) => Object.hasOwn(document, 'api_definition'));
const oas = documents.filter(([, document]) => Object.hasOwn(document, 'openapi'));

/** Without what Castellan decides (docs/tyk/management.md#apis). */
const withoutOwned = (wrapper: JsonObject, id: string, organisation: string): JsonObject => {
  const rest = omit(wrapper, 'created_at', 'updated_at', 'version');
  const definition = { ...objectAt(rest, 'api_definition'), id, org_id: organisation };
  return { ...rest, api_definition: definition };
};

const withoutOwnedInfo = (document: JsonObject): JsonObject => {
  const extension = objectAt(document, TYK_EXTENSION);
  const info = omit(objectAt(extension, 'info'), 'id', 'dbId', 'orgId');
  return { ...document, [TYK_EXTENSION]: { ...extension, info } };
};

describe('API definitions of installations', () => {
  let organisation: TestOrganisation;
  const created = new Map<string, { id: string; apiId: string }>();

  beforeAll(async () => {
    organisation = await api.organisation({ allow_duplicate_slugs: true });
    for (const [file, document] of documents) {
      const path = Object.hasOwn(document, 'openapi') ? '/api/apis/oas' : '/api/apis';
      const { json } = expectOk(await organisation.admin.client.post(path, document));
      created.set(file, { id: textOf(json['Meta']), apiId: textOf(json['ID']) });
    }
  });

  const idsOf = (file: string): { id: string; apiId: string } => {
    const ids = created.get(file);
    if (ids === undefined) throw new Error(`${file} was not created`);
    return ids;
  };

  it('are of both kinds', () => {
    expect(classic.length).toBeGreaterThanOrEqual(18);
    expect(oas.length).toBeGreaterThanOrEqual(8);
  });

  it.each(classic)('%s comes back field for field', async (file, document) => {
    const { id, apiId } = idsOf(file);
    expect(apiId).toBe(textAt(document, 'api_definition', 'api_id'));
    const reply = expectOk(await organisation.admin.client.get(`/api/apis/${apiId}`));
    const read = withoutOwned(parse(reply.text), id, organisation.id);
    expect(read).toEqual(withoutOwned(document, id, organisation.id));
  });

  it.each(oas)('%s comes back field for field', async (file, document) => {
    const { id, apiId } = idsOf(file);
    const read = parse(expectOk(await organisation.admin.client.get(`/api/apis/oas/${apiId}`)).text);
    expect(objectAt(read, TYK_EXTENSION, 'info')).toMatchObject({ id: apiId, dbId: id, orgId: organisation.id });
    expect(withoutOwnedInfo(read)).toEqual(withoutOwnedInfo(document));
  });

  it.each(documents)('%s written again as it was read changes nothing', async (file, document) => {
    const { id } = idsOf(file);
    const path = Object.hasOwn(document, 'openapi') ? `/api/apis/oas/${id}` : `/api/apis/${id}`;
    const { text } = expectOk(await organisation.admin.client.get(path));
    const written = expectOk(await organisation.admin.client.put(path, text));
    expect(written.headers.get('etag')).toBe('"1"');
  });

  it.each(['v3', 'v5'] as const)(
    'reach a %s gateway as they are stored, documents in the words of nodes',
    async (profile) => {
      const node = new NodeSimulator({
        dashboardUrl: api.url,
        nodeSecret: api.config.nodeSecret,
        gatewaySecret: 'gateway-secret',
        profile,
        startRetryMs: 50,
        healthCheckMs: 0,
      });
      try {
        await node.start();
        await node.waitFor(() => node.loadedApis.size > 0);
        for (const [file] of documents) {
          const { id, apiId } = idsOf(file);
          const stored = parse(expectOk(await organisation.admin.client.get(`/api/apis/${id}`)).text);
          expect(node.loadedApis.get(apiId)).toEqual(stored['api_definition']);
          const document = stored['oas'];
          const served = isJsonObject(document) ? toNodeDocument(document).document : null;
          if (profile === 'v5') expect(node.loadedOas.get(apiId) ?? null).toEqual(served);
        }
        expect(node.loadedApis.size).toBe(documents.length);
        expect(node.eventsOf('undecodable')).toEqual([]);
      } finally {
        await node.kill();
      }
    },
  );
});

/** Names that storage and languages are known to stumble over, and any others. */
const name = fc.oneof(
  fc.constantFrom('a.b', '$set', '__proto__', 'constructor', 'toString', '', 'é', '\u0000', '0', 'length'),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);

const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -0.5, 1e21, 9007199254740991, ''),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

/** Fields that nobody knows, as JSON text: what JavaScript does to names stays out of the test. */
const unknownFields = fc
  .array(fc.tuple(name, anything), { maxLength: 6 })
  .map((entries) => entries.map(([field, value]) => [`x ${field}`, value] as const))
  .map((entries) => JSON.stringify(Object.fromEntries(entries)).slice(1, -1));

const joined = (...parts: readonly string[]): string => `{${parts.filter((part) => part !== '').join(',')}}`;

describe('promise 10: any definition with the required fields', () => {
  let organisation: TestOrganisation;
  let node: NodeSimulator;

  beforeAll(async () => {
    organisation = await api.organisation();
    node = new NodeSimulator({
      dashboardUrl: api.url,
      nodeSecret: api.config.nodeSecret,
      gatewaySecret: 'gateway-secret',
      reloadTickMs: 10,
      startRetryMs: 50,
      healthCheckMs: 0,
    });
    await node.start();
  });
  afterAll(() => node.kill());

  const servedTo = async (apiId: string): Promise<unknown> => {
    const headers = { 'x-tyk-authorization': 'gateway-secret' };
    await fetch(`${node.url}/tyk/reload/?block=true`, { headers });
    await node.waitFor(() => node.loadedApis.has(apiId));
    return node.loadedApis.get(apiId);
  };

  it('survives create, read and the way to the nodes', async () => {
    await fc.assert(
      fc.asyncProperty(unknownFields, unknownFields, unknownFields, async (wrapperPart, part, proxyPart) => {
        const apiId = unique('any');
        const proxy = joined(`"listen_path":"/${apiId}/","target_url":"http://127.0.0.1:1/"`, proxyPart);
        const known = `"name":"${apiId}","api_id":"${apiId}","active":true,"use_keyless":true,"proxy":${proxy}`;
        const sent = joined(`"api_definition":${joined(known, part)}`, wrapperPart);
        const created = expectOk(await organisation.admin.client.post('/api/apis', sent));
        const id = textOf(created.json['Meta']);
        const read = await organisation.admin.client.get(`/api/apis/${id}`);

        const owned = `"id":"${id}","org_id":"${organisation.id}"`;
        const expected = joined(known, part, owned);
        expect(fieldOf(parseJson(read.text), 'api_definition')).toEqual(parseJson(expected));
        for (const [field, value] of Object.entries(objectOf(parseJson(sent)))) {
          if (field !== 'api_definition') expect(fieldOf(parseJson(read.text), field)).toEqual(value);
        }
        expect(await servedTo(apiId)).toEqual(parseJson(expected));
        const again = await organisation.admin.client.put(`/api/apis/${id}`, sent);
        expect(again.headers.get('etag')).toBe('"1"');
        expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      }),
      { numRuns: 30 },
    );
  });
});

const objectOf = (value: JsonValue): object => {
  if (typeof value !== 'object' || value === null) throw new Error('Not an object');
  return value;
};

/** The object's own field. */
const fieldOf = (value: JsonValue, field: string): unknown =>
  Object.entries(objectOf(value)).find(([each]) => each === field)?.[1];
