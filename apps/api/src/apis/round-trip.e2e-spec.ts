import fc from 'fast-check';
import { parseJson, type JsonValue } from '@castellan/tyk';
import { NodeSimulator, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

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
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let node: NodeSimulator;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
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
  afterAll(async () => {
    await node.kill();
    await api.stop();
  });

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
