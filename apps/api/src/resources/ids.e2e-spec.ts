import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anApiDefinition, aPolicy, listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { anOasApi } from '../../test/oas-documents';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

/** Every kind whose resources have ids of clients' own: how one is made, and where the id stands. */
const kinds = [
  {
    name: 'a classic API',
    path: '/api/apis',
    field: 'api_definition.api_id',
    below: ['/api/apis'],
    body: (id: string) => ({ api_definition: anApiDefinition({ api_id: id }) }),
    imported: {
      section: 'apis',
      path: 'api_definition.api_id',
      entry: (id: string) => ({ api_definition: anApiDefinition({ api_id: id }) }),
    },
    idOf: ({ json }: Reply) => textOf(json['ID']),
  },
  {
    name: 'an OAS API',
    path: '/api/apis/oas',
    field: 'x-tyk-api-gateway.info.id',
    below: ['/api/apis', '/api/apis/oas', '/api/apis/streams', '/api/mcps'],
    body: (id: string) => anOasApi({ info: { id } }),
    imported: {
      section: 'apis',
      path: 'oas.x-tyk-api-gateway.info.id',
      entry: (id: string) => ({ oas: anOasApi({ info: { id } }) }),
    },
    idOf: ({ json }: Reply) => textOf(json['ID']),
  },
  {
    name: 'a policy',
    path: '/api/portal/policies',
    field: 'id',
    below: ['/api/portal/policies'],
    body: (id: string) => aPolicy([], { id }),
    imported: {
      section: 'policies',
      path: 'id',
      entry: (id: string) => aPolicy([], { id, _id: randomBytes(12).toString('hex') }),
    },
    idOf: ({ json }: Reply) => textOf(json['Message']),
  },
  {
    name: 'an asset',
    path: '/api/assets',
    field: 'id',
    below: ['/api/assets'],
    body: (id: string) => ({ id, name: 'Asset', kind: 'oas-template', data: {} }),
    imported: undefined,
    idOf: ({ json }: Reply) => textOf(json['Meta']),
  },
] as const;

const { paths }: { readonly paths: Readonly<Record<string, object>> } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', '..', '..', 'openapi.json'), 'utf8'),
) as { paths: Record<string, object> };

/** The words that stand in paths where the id would, by the published document. */
const wordsBelow = (places: readonly string[]): readonly string[] => {
  const words = Object.keys(paths).flatMap((path) =>
    places.flatMap((place) => new RegExp(`^${place}/([^/{]+)`).exec(path)?.[1] ?? []),
  );
  return [...new Set(words)];
};

let api: ApiUnderTest;
let organisation: TestOrganisation;
let client: HttpClient;

beforeAll(async () => {
  api = await ApiUnderTest.start();
  organisation = await api.organisation();
  client = organisation.admin.client;
});
afterAll(() => api.stop());

describe.each(kinds)('the id of $name', (kind) => {
  const { path, field, below, body, idOf } = kind;

  it.each<readonly [what: string, id: string, why: string]>([
    ...wordsBelow(below).map((word) => [`that is the route ${word}`, word, 'route'] as const),
    ['with a part of a path in it', 'a/b', 'path'],
    ['that leads upwards', '..', 'path'],
    ['with a query in it', 'a?b', 'path'],
    ['with an escape in it', 'a%2fb', 'path'],
    ['that nobody can see', 'a\u0007b', 'path'],
    ['that has no end', 'x'.repeat(257), '256'],
  ])('is refused when it is one %s', async (_what, id, why) => {
    const reply = await client.post(path, body(id));
    expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    const [problem] = listOf(reply.json['Errors']);
    expect(problem?.['path']).toBe(field);
    expect(textOf(problem?.['message'])).toContain(why);
  });

  const { imported } = kind;
  if (imported !== undefined) {
    it('is refused by an import as well, which names its entry', async () => {
      for (const id of ['a/b', '..', 'x'.repeat(257), ...wordsBelow(below).slice(0, 2)]) {
        const reply = await client.post('/api/import', { [imported.section]: [imported.entry(id)] });
        const paths = listOf(reply.json['Errors']).map((error) => error['path']);
        expect([id, reply.status, paths]).toEqual([id, 400, [`${imported.section}[0].${imported.path}`]]);
      }
    });
  }

  it('may have 256 characters, and is then a name that requests reach it by', async () => {
    const id = unique('i').padEnd(256, 'x');
    const made = await client.post(path, body(id));
    expect([200, 201]).toContain(made.status);
    const found = expectOk(await client.get(`${path}/${id}`));
    expect(found.text).toContain(idOf(made));
  });
});

describe('the id of a key or of an OAuth client', () => {
  it('is refused when it is a word that stands where the id would, or dots that no address can hold', async () => {
    const apiId = await addApi(organisation);
    const session = { access_rights: { [apiId]: { api_id: apiId, versions: ['Default'] } } };
    const words = Object.entries(paths).flatMap(([path, operations]) => {
      const word = /^\/api\/keys\/([^/{]+)$/.exec(path)?.[1];
      // Where there is something to be posted, that is what is meant.
      return word === undefined || 'post' in operations ? [] : [word];
    });
    expect(words).toContain('detailed');
    for (const word of words) {
      const reply = await client.post(`/api/keys/${word}`, session);
      expect([word, reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([word, 400, 'key']);
    }
    for (const client_id of ['.', '..']) {
      const reply = await client.post(`/api/apis/oauth/${apiId}`, { client_id, redirect_uri: 'https://a.example/' });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'client_id']);
    }
  });
});
