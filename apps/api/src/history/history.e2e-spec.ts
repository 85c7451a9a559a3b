import * as fc from 'fast-check';
import { anApiDefinition, aPolicy, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { applyDiff, parseJson, type DiffOperation, type JsonValue } from '@castellan/tyk';
import { anyJsonObject } from '../../test/any-json';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';
import { aHook, addHook, addPolicy } from '../../test/configuration';

/** The kinds that have a history, and how a test makes and changes one. */
const kinds = [
  {
    path: '/api/apis',
    section: 'apis',
    create: async ({ admin }: TestOrganisation): Promise<string> =>
      textOf(expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() })).json['Meta']),
    content: () => ({ api_definition: anApiDefinition() }),
  },
  {
    path: '/api/portal/policies',
    section: 'policies',
    create: (organisation: TestOrganisation) => addPolicy(organisation, []),
    content: () => aPolicy(),
  },
  {
    path: '/api/hooks',
    section: 'hooks',
    create: (organisation: TestOrganisation) => addHook(organisation),
    content: aHook,
  },
] as const;

describe('the history of a resource', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  describe('of an API with any content', () => {
    const stateAt = async (id: string, number: number): Promise<JsonValue> => {
      const { text } = expectOk(await organisation.admin.client.get(`/api/apis/${id}/revisions/${number}`));
      return fieldOf(parseJson(text), 'document');
    };
    const diffBetween = async (id: string, from: number, to: number): Promise<DiffOperation[]> => {
      const path = `/api/apis/${id}/revisions/${to}/diff?against=${from}`;
      // As text: a field of that name must not become the prototype of anything.
      return fieldOf(parseJson(expectOk(await organisation.admin.client.get(path)).text), 'diff') as never;
    };

    it('rolled back to n it has the content of n, and the diff of any two leads from one to the other', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyJsonObject, { minLength: 2, maxLength: 4 }), fc.nat(), async (contents, dice) => {
          const { client } = organisation.admin;
          const known = anApiDefinition({ api_id: unique('api') });
          const bodies = contents.map((content, index) => {
            const definition = JSON.stringify({ ...known, sequence: index, config_data: content });
            const fields = Object.entries(content).map(([name, value]) => [`x ${name}`, value]);
            return `{"api_definition":${definition},"x_any":${JSON.stringify(content)}${tail(fields)}}`;
          });
          const [first = '', ...others] = bodies;
          const id = textOf(expectOk(await client.post('/api/apis', first)).json['Meta']);
          for (const body of others) expectOk(await client.put(`/api/apis/${id}`, body));

          const states: JsonValue[] = [];
          for (const [index, body] of bodies.entries()) {
            const state = await stateAt(id, index + 1);
            expect(fieldOf(state, 'x_any')).toEqual(fieldOf(parseJson(body), 'x_any'));
            states.push(state);
          }
          const [from, to] = [dice % bodies.length, Math.floor(dice / 7) % bodies.length];
          const diff = await diffBetween(id, from + 1, to + 1);
          expect(applyDiff(states[from] ?? null, diff)).toEqual(states[to]);

          const target = dice % (bodies.length - 1);
          expectOk(await client.post(`/api/apis/${id}/rollback`, { revision: target + 1 }));
          expect(await stateAt(id, bodies.length + 1)).toEqual(states[target]);
          expectOk(await client.delete(`/api/apis/${id}`));
          expectOk(await client.post(`/api/apis/${id}/restore`));
          expect(await stateAt(id, bodies.length + 3)).toEqual(states[target]);
          expectOk(await client.delete(`/api/apis/${id}`));
        }),
        { numRuns: 15 },
      );
    });
  });

  describe('restored when something took its place meanwhile', () => {
    const places = [
      [
        'the api_id of an API',
        '/api/apis',
        'id_conflict',
        (apiId: string) => ({ api_definition: anApiDefinition({ api_id: apiId }) }),
        (apiId: string) => ({ api_definition: anApiDefinition({ api_id: apiId }) }),
      ],
      [
        'its listen path',
        '/api/apis',
        'listen_path_conflict',
        (word: string) => ({ api_definition: anApiDefinition({ proxy: { listen_path: `/${word}/` } }) }),
        (word: string) => ({ api_definition: anApiDefinition({ proxy: { listen_path: `/${word}` } }) }),
      ],
      [
        'the id of a policy',
        '/api/portal/policies',
        'id_conflict',
        (id: string) => aPolicy([], { id }),
        (id: string) => aPolicy([], { id }),
      ],
    ] as const;

    it.each(places)(
      '%s: 409 until it is free, then with its ids and its content',
      async (_, path, code, one, other) => {
        const { client } = organisation.admin;
        const word = unique('place');
        const create = async (body: object): Promise<string> => {
          const { json } = expectOk(await client.post(path, body));
          return textOf(path === '/api/apis' ? json['Meta'] : json['Message']);
        };
        const stateOf = async (id: string, number: number) => {
          const { document, digest } = expectOk(await client.get(`${path}/${id}/revisions/${number}`)).json;
          return { document, digest };
        };
        const id = await create(one(word));
        const before = await stateOf(id, 1);
        expectOk(await client.delete(`${path}/${id}`));
        const inTheWay = await create(other(word));
        const refused = await client.post(`${path}/${id}/restore`);
        expect([refused.status, refused.json['Code']]).toEqual([409, code]);
        expect(listOf(expectOk(await client.get(`${path}/${id}/revisions`)).json['revisions'])).toHaveLength(2);
        expectOk(await client.delete(`${path}/${inTheWay}`));
        const restored = expectOk(await client.post(`${path}/${id}/restore`));
        expect([restored.headers.get('etag'), restored.json['Meta']]).toEqual(['"3"', id]);
        expect(await stateOf(id, 3)).toEqual(before);
      },
    );
  });

  describe.each(kinds)('of $path', ({ path, section, create, content }) => {
    const revisionsOf = async (id: string, query = '') =>
      expectOk(await organisation.admin.client.get(`${path}/${id}/revisions${query}`)).json;
    const routesOf = (id: string): readonly (readonly [method: 'get' | 'post', path: string, body?: object])[] => [
      ['get', `${path}/${id}/revisions`],
      ['get', `${path}/${id}/revisions/1`],
      ['get', `${path}/${id}/revisions/1/diff?against=1`],
      ['post', `${path}/${id}/rollback`, { revision: 1 }],
      ['post', `${path}/${id}/restore`],
    ];
    let made: Promise<string> | undefined;
    /** One that nobody has changed, for what is refused. */
    const unchanged = (): Promise<string> => (made ??= create(organisation));
    const callAll = async ({ client }: TestUser, id: string): Promise<readonly number[]> => {
      const statuses: number[] = [];
      for (const [method, route, body] of routesOf(id)) {
        statuses.push((method === 'get' ? await client.get(route) : await client.post(route, body ?? {})).status);
      }
      return statuses;
    };

    it('says who, when, why, by which request and what, and stays when the resource is gone', async () => {
      const { client } = organisation.admin;
      const id = await create(organisation);
      const headers = { 'x-change-reason': 'because', 'x-request-id': unique('request') };
      expectOk(await client.put(`${path}/${id}`, content(), { headers }));
      expectOk(await client.delete(`${path}/${id}`));
      const revisions = listOf((await revisionsOf(id))['revisions']);
      expect(revisions.map(({ revision, operation }) => [revision, operation])).toEqual([
        [3, 'delete'],
        [2, 'update'],
        [1, 'create'],
      ]);
      expect(revisions[1]).toMatchObject({
        actor: { kind: 'user', id: organisation.admin.id },
        reason: 'because',
        request_id: headers['x-request-id'],
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      });
      const gone = expectOk(await client.get(`${path}/${id}/revisions/3`)).json;
      expect(gone['document']).toBeNull();
      expect(listOf(gone['diff'])[0]).toMatchObject({ op: 'replace', path: '', value: null });
    });

    it('is given in pages, the newest first', async () => {
      const id = await create(organisation);
      for (let change = 0; change < 12; change += 1) {
        expectOk(await organisation.admin.client.put(`${path}/${id}`, content()));
      }
      const numbers = ({ revisions }: JsonReply) => listOf(revisions).map(({ revision }) => Number(revision));
      expect([numbers(await revisionsOf(id)), (await revisionsOf(id))['pages']]).toEqual([down(13, 4), 2]);
      expect(numbers(await revisionsOf(id, '?p=2'))).toEqual(down(3, 1));
      expect(numbers(await revisionsOf(id, '?p=-1'))).toEqual(down(13, 1));
    });

    it.each([
      ['an API', '/api/apis', (own: string): object => ({ api_definition: anApiDefinition({ api_id: own }) })],
      ['a policy', '/api/portal/policies', (own: string): object => aPolicy([], { id: own })],
    ])('is found by the id that clients gave %s, when it is deleted too', async (_, place, body) => {
      const { client } = organisation.admin;
      const own = `${place}/${unique('own')}`;
      expectOk(await client.post(place, body(own.slice(place.length + 1))));
      expectOk(await client.delete(own));
      expect(listOf(expectOk(await client.get(`${own}/revisions`)).json['revisions'])).toHaveLength(2);
      expectOk(await client.get(`${own}/revisions/1`));
      expectOk(await client.post(`${own}/restore`));
      expectOk(await client.post(`${own}/rollback`, { revision: 1 }));
      expectOk(await client.get(own));
    });

    it('names all that can be restored, the latest deletion first', async () => {
      const ids: string[] = [];
      for (let each = 0; each < 12; each += 1) ids.push(await create(organisation));
      for (const id of ids) expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      const { json } = expectOk(await organisation.admin.client.get(`${path}/deleted`));
      const found = listOf(json['deleted']).filter(({ id }) => ids.includes(textOf(id)));
      expect(found.map(({ id }) => textOf(id))).toEqual(ids.reverse());
      expect(found.every(({ name }) => textOf(name) !== '')).toBe(true);
    });

    it('is another organisation’s in no way: 404', async () => {
      const id = await create(organisation);
      const stranger = await api.organisation();
      expect(await callAll(stranger.admin, id)).toEqual([404, 404, 404, 404, 404]);
      expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      expect(await callAll(stranger.admin, id)).toEqual([404, 404, 404, 404, 404]);
      expect((await stranger.admin.client.get(`${path}/deleted`)).json['deleted']).toEqual([]);
    });

    it('is read with the right to read, changed with the right to write, and nothing without: 403', async () => {
      const id = await create(organisation);
      const reader = await api.user(organisation.id, { [section]: 'read' });
      expect(await callAll(reader, id)).toEqual([200, 200, 200, 403, 403]);
      const auditor = await api.user(organisation.id, { audit_logs: 'read', system: 'write' });
      expect(await callAll(auditor, id)).toEqual([403, 403, 403, 403, 403]);
      expect((await auditor.client.get(`${path}/deleted`)).status).toBe(403);
    });

    it.each([
      ['get', 'revisions/0', 404],
      ['get', 'revisions/2', 404],
      ['get', 'revisions/x', 400],
      ['get', 'revisions/1/diff?against=x', 400],
      ['get', 'revisions/1/diff', 404],
    ] as const)('%s %s: %i', async (method, route, status) => {
      const id = await unchanged();
      expect((await organisation.admin.client[method](`${path}/${id}/${route}`)).status).toBe(status);
    });

    it.each([0, 2, -1, 1.5, 'x', null])('refuses to roll back to %j: 400', async (revision) => {
      const id = await unchanged();
      const reply = await organisation.admin.client.post(`${path}/${id}/rollback`, { revision });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'revision']);
    });
  });
});

const fieldOf = (value: JsonValue, field: string): JsonValue => {
  if (typeof value !== 'object' || value === null) throw new Error('Not an object');
  return Object.entries(value).find(([each]) => each === field)?.[1] ?? null;
};

/** Further fields of an object's text. */
const tail = (fields: readonly (readonly unknown[])[]): string =>
  fields.map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`).join('');

const down = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, index) => from - index);
