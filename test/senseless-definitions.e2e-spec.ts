import { randomBytes } from 'node:crypto';
import { anApiDefinition, aPolicy, listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../apps/api/test/api-under-test';
import { anOasApi, anOpenApiDocument } from '../apps/api/test/oas-documents';
import {
  DEFINITION_FIELDS,
  EXTENSION_FIELDS,
  POLICY_FIELDS,
  type CompiledField,
} from '../libs/tyk/src/check/compiled/fields';
import { compiledPath, compiledSamples, holdingCompiled } from '../libs/tyk/src/testing/compiled-samples';

type Fields = Readonly<Record<string, unknown>>;

const newId = (): string => randomBytes(12).toString('hex');
const extension = 'x-tyk-api-gateway';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields over those of a document, object by object. */
const over = (base: Fields, fields: Fields): Fields => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const before = base[name];
      return [name, isObject(before) && isObject(value) ? over(before, value) : value];
    }),
  ),
});

/** One sort of document, where it is written, and where its fields stand in each kind of body. */
interface Sort {
  readonly name: string;
  readonly table: readonly CompiledField[];
  readonly make: (fields: Fields) => Fields;
  /** Routes that take such a body, and what stands before the path of a field there. */
  readonly routes: readonly (readonly [route: string, prefix: string])[];
  /** Routes that change one that is there, by its id. */
  readonly changes: readonly (readonly [method: 'PUT' | 'PATCH', route: string, prefix: string])[];
  /** An entry of an import, which has to say its id, and its section. */
  readonly entry: (body: Fields) => Fields;
  readonly section: 'apis' | 'policies';
  readonly prefix: string;
}

const sorts: readonly Sort[] = [
  {
    name: 'a classic definition',
    table: DEFINITION_FIELDS,
    make: (fields) => ({ api_definition: over(anApiDefinition(), fields) }),
    routes: [
      ['/api/apis', 'api_definition.'],
      ['/api/apis/validate', 'api_definition.'],
    ],
    changes: [['PUT', '/api/apis', 'api_definition.']],
    entry: (body) => over(body, { api_definition: { api_id: unique('api') } }),
    section: 'apis',
    prefix: 'api_definition.',
  },
  {
    name: 'an OAS API',
    table: EXTENSION_FIELDS,
    make: (fields) => over(anOasApi(), { [extension]: fields }),
    routes: [
      ['/api/apis/oas', `${extension}.`],
      ['/api/apis/streams', `${extension}.`],
      ['/api/mcps', `${extension}.`],
      ['/api/apis/oas/validate', `${extension}.`],
    ],
    changes: [
      ['PUT', '/api/apis/oas', `${extension}.`],
      ['PATCH', '/api/apis/oas', `${extension}.`],
    ],
    entry: (body) => ({ oas: over(body, { [extension]: { info: { id: unique('oas') } } }) }),
    section: 'apis',
    prefix: `oas.${extension}.`,
  },
  {
    name: 'a policy',
    table: POLICY_FIELDS,
    make: (fields) => over(aPolicy(), fields),
    routes: [['/api/portal/policies', '']],
    changes: [['PUT', '/api/portal/policies', '']],
    entry: (body) => ({ ...body, _id: newId() }),
    section: 'policies',
    prefix: '',
  },
];

describe('what gateways could not compile or route', () => {
  let api: ApiUnderTest;
  let client: HttpClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    client = (await api.organisation()).admin.client;
  });
  afterAll(() => api.stop());

  const refused = (reply: Reply): readonly unknown[] => {
    expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    return listOf(reply.json['Errors']).map(({ path }) => path);
  };
  const nothingIsThere = async (): Promise<void> => {
    expect(listOf(expectOk(await client.get('/api/apis?p=-1')).json['apis'])).toEqual([]);
    expect(listOf(expectOk(await client.get('/api/portal/policies?p=-1')).json['Data'])).toEqual([]);
  };

  describe.each(sorts)('in $name', ({ table, make, routes, changes, entry, section, prefix }) => {
    it('400: each field of the table is refused by each route that takes it, with its path, and nothing is written', async () => {
      const bad = table.map((field) => make(holdingCompiled(field, compiledSamples[field.as].bad)));
      for (const [route, before] of routes) {
        // Every field where most come in, and one by the others, which share the check.
        const some = route === routes[0]?.[0] ? bad : bad.slice(0, 1);
        for (const [index, body] of some.entries()) {
          const field = table[index];
          if (field === undefined) throw new Error('A body without a field');
          const paths = refused(await client.post(route, body));
          expect([route, field.at, paths]).toEqual([route, field.at, [before + compiledPath(field)]]);
        }
      }
      await nothingIsThere();
    });

    it('400: each of them is refused where one that is there is changed, and it stays as it was', async () => {
      const [[route] = ['']] = routes;
      const made = expectOk(await client.post(route, make({})));
      const id = textOf(made.json['ID'] ?? made.json['Message']);
      const before = expectOk(await client.get(`${route}/${id}`)).text;
      for (const [place, [method, changed, at]] of changes.entries()) {
        for (const field of place === 0 ? table : table.slice(0, 1)) {
          const body = make(holdingCompiled(field, compiledSamples[field.as].bad));
          const paths = refused(await client.call(method, `${changed}/${id}`, { body }));
          expect([method, field.at, paths]).toEqual([method, field.at, [at + compiledPath(field)]]);
        }
      }
      expect(expectOk(await client.get(`${route}/${id}`)).text).toBe(before);
      expectOk(await client.delete(`${route}/${id}`));
      await nothingIsThere();
    });

    it('400: an import names each of them in its entry, and writes nothing', async () => {
      const bad = table.map((field) => entry(make(holdingCompiled(field, compiledSamples[field.as].bad))));
      expect(refused(await client.post('/api/import', { [section]: bad }))).toEqual(
        table.map((field, index) => `${section}[${index}].${prefix}${compiledPath(field)}`),
      );
      await nothingIsThere();
    });
  });

  const listenPaths: readonly (readonly [path: string, advice: string])[] = [
    ['a/', 'must start with "/"'],
    ['/a?b/', 'leave out "?"'],
    ['/a#b', 'leave out "#"'],
    ['/a/%6c/', 'write "l" instead'],
    ['/a/../b/', 'is redirected to "/b/" before anything is found: write that'],
    ['//x//', 'is redirected to "/x/" before anything is found: write that'],
    ['/hello', 'belongs to the gateway'],
    ['/{id', 'braces that do not pair up'],
    ['/{id:[}', 'no regular expression that gateways can compile'],
    ['/{id:(?=a)}', 'no look-ahead and no look-behind'],
    ['/{id:(a|b)}', 'with a group that captures, at which gateways panic: write (?:'],
  ];
  const domains: readonly (readonly [domain: string, advice: string])[] = [
    ['https://a.example', 'write "a.example"'],
    ['a.example/x', 'write "a.example"'],
    ['a.example.', 'write "a.example"'],
    ['*.a.example', 'write "{subdomain}.a.example"'],
    ['a.*.example', 'write a variable'],
    ['b\u00FCcher.example', 'write "xn--bcher-kva.example"'],
    ['{sub:[}.a.example', 'no regular expression that gateways can compile'],
    ['{sub:(?=a)}.a.example', 'no look-ahead and no look-behind'],
    ['{sub:(a|b)}.a.example', 'with a group that captures'],
  ];
  const places = [
    ...listenPaths.map(([value, advice]) => ({
      ...{ value, advice, classic: 'proxy.listen_path', oas: 'server.listenPath.value', asked: 'listenPath' },
      definition: { proxy: { listen_path: value } },
      extended: { server: { listenPath: { value } } },
    })),
    ...domains.map(([value, advice]) => ({
      ...{ value, advice, classic: 'domain', oas: 'server.customDomain.name', asked: 'customDomain' },
      definition: { domain: value },
      extended: { server: { customDomain: { enabled: true, name: value } } },
    })),
  ];

  it.each(places)(
    '400: $asked $value, which matches nothing, says what to write instead, and where, in every form of API and in imports',
    async ({ value, advice, classic, oas, asked, definition, extended }) => {
      const first = sorts.slice(0, 2);
      const bodies = first.map(({ make }, index) => make(index === 0 ? definition : extended));
      const [classicBody = {}, oasBody = {}] = bodies;
      const query = new URLSearchParams({ [asked]: value }).toString();
      const replies: readonly (readonly [Reply, string])[] = [
        [await client.post('/api/apis', classicBody), `api_definition.${classic}`],
        [await client.post('/api/apis/oas', oasBody), `${extension}.${oas}`],
        [await client.post(`/api/apis/oas/import?${query}`, anOpenApiDocument()), `${extension}.${oas}`],
        [
          await client.post('/api/import', { apis: [sorts[0]?.entry(classicBody)] }),
          `apis[0].api_definition.${classic}`,
        ],
        [await client.post('/api/import', { apis: [sorts[1]?.entry(oasBody)] }), `apis[0].oas.${extension}.${oas}`],
      ];
      for (const [reply, path] of replies) {
        expect(refused(reply)).toEqual([path]);
        expect(textOf(listOf(reply.json['Errors'])[0]?.['message'])).toContain(advice);
      }
      await nothingIsThere();
    },
  );
});
