import { gzipSync } from 'node:zlib';
import { listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { pathWith, publishedOperations, type PublishedOperation } from './support/published-operations';

const contentOf = ({ operation }: PublishedOperation): Readonly<Record<string, unknown>> =>
  operation['requestBody']?.['content'] ?? {};
const taking = (type: RegExp): readonly (readonly [PublishedOperation, string])[] =>
  [...publishedOperations.values()].flatMap((operation) =>
    Object.keys(contentOf(operation))
      .filter((one) => type.test(one))
      .map((one) => [operation, one] as const),
  );

const notUtf8 = (before: string, after: string): Buffer =>
  Buffer.concat([Buffer.from(before), Buffer.from([0xc3, 0x28]), Buffer.from(after)]);

const boundary = 'a-line-between';
const form = (content: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`),
    Buffer.from(content),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

describe('bodies, at every route of the document that takes one', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const clientFor = ({ permission }: PublishedOperation): HttpClient => {
    if (permission === 'public') return api.anonymous;
    if (permission === 'operator') return api.admin;
    return permission === 'node' ? api.node : organisation.admin.client;
  };
  const send = (operation: PublishedOperation, body: string | Buffer, type: string): Promise<Reply> =>
    clientFor(operation).call(operation.method, pathWith(operation), { body, headers: { 'content-type': type } });
  /** The operations that do not refuse the body as one that cannot be read. */
  const taken = async (type: RegExp, body: string | Buffer, path?: string): Promise<readonly unknown[]> => {
    const found = taking(type);
    expect(found.length).toBeGreaterThan(3);
    const replies = await Promise.all(found.map(([operation, name]) => send(operation, body, name)));
    return replies.flatMap(({ status, json }, index) => {
      const isNamed = path === undefined || textOf(listOf(json['Errors'])[0]?.['path']) === path;
      if (status === 400 && isNamed && textOf(json['Code']) === 'malformed_json') return [];
      return [[found[index]?.[0].id, status, json]];
    });
  };

  it.each<[string, string | Buffer, string | undefined]>([
    ['a name twice', '{"apis":[{}],"apis":[]}', 'apis'],
    ['an integer beyond 2^53', '{"a":{"quota_max":9007199254740993}}', 'a.quota_max'],
    ['bytes that are no UTF-8', notUtf8('{"name":"', '"}'), undefined],
  ])('400: none takes JSON with %s', async (_, body, path) => {
    expect(await taken(/^application\/json$/, body, path)).toEqual([]);
  });

  it.each<[string, string | Buffer]>([
    ['a name twice', 'apis: [{}]\napis: []\n'],
    ['an integer beyond 2^53', 'a: { quota_max: 9007199254740993 }\n'],
    ['bytes that are no UTF-8', notUtf8('name: "', '"\n')],
  ])('400: none takes YAML with %s', async (_, body) => {
    expect(await taken(/yaml/, body)).toEqual([]);
  });

  describe('in the formats that OpenAPI documents come in', () => {
    const asYaml = { 'content-type': 'application/x-yaml' };
    const asForm = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const latin1 = { 'content-type': 'application/x-yaml; charset=ISO-8859-1' };

    const yaml = (name: string, title = name): string => `
openapi: 3.0.3
info: { title: ${title}, version: '1' }
servers: [{ url: 'http://pets.example.com/' }]
x-base: &base { enabled: true, allow: [10.0.0.1] }
x-inherits: { <<: *base, block: [] }
paths: { /a: { get: { responses: { '200': { description: fine } } } } }
`;
    const extended = (name: string): string => `${yaml(name)}
x-tyk-api-gateway:
  info: { name: ${name}, state: { active: true } }
  upstream: { url: 'http://pets.example.com/' }
  server:
    listenPath: { value: /${name}/ }
    ipAccessControl: { <<: *base, block: [10.0.0.2] }
`;
    const stored = async (reply: Reply): Promise<Reply> =>
      expectOk(await organisation.admin.client.get(`/api/apis/oas/${textOf(expectOk(reply).json['Meta'])}`));
    const client = (): HttpClient => organisation.admin.client;
    const inherited = { enabled: true, allow: ['10.0.0.1'] };

    it('merge keys are resolved by creation, replacement, import and patch, in a body and in a file', async () => {
      const name = unique('merge');
      const made = await stored(await client().post('/api/apis/oas', extended(name), { headers: asYaml }));
      const controlled = { ...inherited, block: ['10.0.0.2'] };
      expect(made.json['x-tyk-api-gateway']?.['server']?.['ipAccessControl']).toEqual(controlled);
      const path = `/api/apis/oas/${textOf(made.json['x-tyk-api-gateway']?.['info']?.['dbId'])}`;
      expectOk(await client().put(path, extended(name), { headers: asYaml }));
      expectOk(await client().patch(path, yaml(name, 'Patched'), { headers: asYaml }));
      expectOk(await client().patch(path, form(yaml(name, 'Patched again')), { headers: asForm }));
      const changed = expectOk(await client().get(path));
      expect(changed.json['x-tyk-api-gateway']?.['server']?.['ipAccessControl']).toEqual(controlled);
      const imports = [
        await client().post('/api/apis/oas/import', yaml(unique('merge')), { headers: asYaml }),
        await client().post('/api/apis/oas/import', form(yaml(unique('merge'))), { headers: asForm }),
      ];
      for (const { json, text } of [changed, ...(await Promise.all(imports.map(stored)))]) {
        expect(json['x-inherits']).toEqual({ ...inherited, block: [] });
        expect(text).not.toContain('<<');
      }
    });

    it('merge keys are resolved by imports of configurations: rates and rights that a policy inherits are its own', async () => {
      const id = '5f0000000000000000000c01';
      const text = `
policies:
  - &first { _id: ${id}, name: first, active: true, rate: 5, per: 60, access_rights: {} }
  - { <<: *first, _id: 5f0000000000000000000c02, name: second, rate: 9 }
`;
      expectOk(await client().post('/api/import', text, { headers: { 'content-type': 'application/yaml' } }));
      const second = expectOk(await client().get('/api/portal/policies/5f0000000000000000000c02'));
      expect(second.json).toMatchObject({ name: 'second', rate: 9, per: 60, active: true });
      expect(second.text).not.toContain('<<');
    });

    it('a byte order mark, gzip and ISO-8859-1 are read for what they are', async () => {
      const title = unique('gr\u00F6\u00DFer').replaceAll(/[^\w\u00F6\u00DF-]/g, '');
      const listenPath = (): string => `import?listenPath=/${unique('p')}/`;
      const replies = [
        await client().post(`/api/apis/oas/${listenPath()}`, `\uFEFF${yaml('a', title)}`, { headers: asYaml }),
        await client().post(`/api/apis/oas/${listenPath()}`, form(`\uFEFF${yaml('a', title)}`), { headers: asForm }),
        await client().post(`/api/apis/oas/${listenPath()}`, gzipSync(yaml('a', title)), {
          headers: { ...asYaml, 'content-encoding': 'gzip' },
        }),
        await client().post(`/api/apis/oas/${listenPath()}`, Buffer.from(yaml('a', title), 'latin1'), {
          headers: latin1,
        }),
      ];
      for (const { json } of await Promise.all(replies.map(stored))) expect(json['info']?.['title']).toBe(title);
    });

    it.each<[string, Buffer]>([
      ['bytes that are no UTF-8', form(notUtf8('{"openapi":"', '"}'))],
      ['a name twice', form('{"openapi":"3.0.3","openapi":"3.1.0"}')],
      ['an integer beyond 2^53', form('{"openapi":"3.0.3","a":9007199254740993}')],
    ])('400: no file with %s is taken', async (_, body) => {
      const reply = await client().post('/api/apis/oas/import', body, { headers: asForm });
      expect([reply.status, listOf(reply.json['Errors']).length]).toEqual([400, 1]);
    });
  });
});
