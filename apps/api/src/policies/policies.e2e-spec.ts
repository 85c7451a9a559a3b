import { anApiDefinition, aPolicy, listOf, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const path = '/api/portal/policies';
const nobodysId = '000000000000000000000000';

const idsOf = ({ json }: Reply): string[] => listOf(json['Data']).map((policy) => textOf(policy['_id']));
const problemsOf = ({ json }: Reply): string[] => listOf(json['Errors']).map((error) => textOf(error['path']));

describe(path, () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let apiId: string;

  const anApi = async (definition = anApiDefinition(), owner = organisation): Promise<string> => {
    const created = expectOk(await owner.admin.client.post('/api/apis', { api_definition: definition }));
    return textOf(created.json['ID']);
  };
  const create = async (policy: object = aPolicy([apiId]), owner = organisation): Promise<string> =>
    textOf(expectOk(await owner.admin.client.post(path, policy)).json['Message']);
  const get = async (id: string, owner = organisation): Promise<Reply> =>
    expectOk(await owner.admin.client.get(`${path}/${id}`));

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
    apiId = await anApi();
  });
  afterAll(() => api.stop());

  describe('200', () => {
    it('answers a creation with the new _id as Message and null as Meta', async () => {
      const reply = expectOk(await organisation.admin.client.post(`${path}/`, aPolicy([apiId])));
      const id = textOf(reply.json['Message']);
      expect(id).toMatch(/^[0-9a-f]{24}$/);
      expect(reply.text).toBe(`{"Status":"OK","Message":"${id}","Meta":null}`);
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it('gives a policy with api_id, its dates, and its version as ETag alone', async () => {
      const sent = aPolicy([apiId], { org_id: nobodysId });
      const reply = await get(await create(sent));
      expect(reply.json).toMatchObject({ ...sent, org_id: organisation.id });
      expect(reply.json['access_rights']).toEqual(sent['access_rights']);
      expect(textOf(reply.json['last_updated'])).toMatch(/^\d{10}$/);
      expect(Date.parse(textOf(reply.json['date_created']))).not.toBeNaN();
      expect(reply.json).not.toHaveProperty('version');
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it.each([{}, { active: null }])('says that one which does not say so is not active: %j', async (said) => {
      const silent = Object.entries(aPolicy([apiId])).filter(([name]) => name !== 'active');
      const reply = await get(await create({ ...Object.fromEntries(silent), ...said }));
      expect(reply.json['active']).toBe(false);
    });

    it('answers 304 to somebody who has the version', async () => {
      const id = await create();
      const reply = await organisation.admin.client.get(`${path}/${id}`, { headers: { 'if-none-match': 'W/"1"' } });
      expect([reply.status, reply.text]).toEqual([304, '']);
    });

    it('names an API in a list both ways', async () => {
      const own = await api.organisation();
      const listed = await anApi(anApiDefinition(), own);
      await create(aPolicy([listed]), own);
      const { json } = expectOk(await own.admin.client.get(path));
      expect(json['Pages']).toBe(1);
      expect(listOf(json['Data'])[0]).toMatchObject({
        access_rights: { [listed]: { apiid: listed, apiname: listed, api_id: listed, api_name: listed } },
      });
    });

    it('takes apiid and apiname, and gives them back as api_id and api_name', async () => {
      const id = await create({
        ...aPolicy(),
        access_rights: { [apiId]: { apiid: apiId, apiname: 'Echo', versions: ['Default'] } },
      });
      expect((await get(id)).json['access_rights']).toEqual({
        [apiId]: { api_id: apiId, api_name: 'Echo', versions: ['Default'] },
      });
    });

    it('pages by ten, and gives everything for a negative page', async () => {
      const own = await api.organisation();
      expect((await own.admin.client.get(path)).text).toBe('{"Data":[],"Pages":0}');
      const ids: string[] = [];
      for (let n = 0; n < 11; n += 1) ids.unshift(await create(aPolicy(), own));
      const first = await own.admin.client.get(`${path}?p=1`);
      const second = await own.admin.client.get(`${path}/?p=2`);
      expect([first.json['Pages'], second.json['Pages']]).toEqual([2, 2]);
      expect([...idsOf(first), ...idsOf(second)]).toEqual(ids);
      const all = await own.admin.client.get(`${path}?p=-2`);
      expect([all.json['Pages'], idsOf(all)]).toEqual([1, ids]);
    });

    it('replaces, and says so in the words that clients compare', async () => {
      const id = await create();
      const before = await get(id);
      const changed = aPolicy([apiId], { rate: 7 });
      const reply = expectOk(await organisation.admin.client.put(`${path}/${id}`, changed));
      expect(reply.text).toBe('{"Status":"OK","Message":"Data updated","Meta":null}');
      expect(reply.headers.get('etag')).toBe('"2"');
      expect(withVersion(await get(id))).toMatchObject({
        ...changed,
        _id: id,
        version: 2,
        date_created: before.json['date_created'],
      });
    });

    it('deletes, and knows it no more', async () => {
      const id = await create();
      const reply = expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      expect(reply.text).toBe('{"Status":"OK","Message":"Data deleted","Meta":null}');
      expect((await organisation.admin.client.get(`${path}/${id}`)).status).toBe(404);
    });

    it('takes JSON under any content type, as curl sends it', async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expectOk(await organisation.admin.client.post(`${path}/`, aPolicy(), { headers }));
    });
  });

  describe('ids', () => {
    it('may be created again under the _id that it had, and its versions go on', async () => {
      const policy = { ...aPolicy(), _id: '5ead71205759610001818699' };
      const id = await create(policy);
      expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      const valid = expectOk(await organisation.admin.client.post(`${path}/validate`, policy));
      expect(listOf(valid.json['Meta']?.['changes'])[0]).toMatchObject({ id, operation: 'create', version: 3 });
      const reply = expectOk(await organisation.admin.client.post(path, policy));
      expect([reply.json['Message'], reply.headers.get('etag')]).toEqual([id, '"3"']);
      const { json } = await organisation.admin.client.get(`${path}/${id}/revisions`);
      expect(listOf(json['revisions']).map((one) => [one['revision'], one['operation']])).toEqual([
        [3, 'create'],
        [2, 'delete'],
        [1, 'create'],
      ]);
    });

    it('honours an _id that is sent', async () => {
      const sent = '5EAD71205759610001818680';
      expect(await create({ ...aPolicy(), _id: sent })).toBe(sent.toLowerCase());
      expect((await get(sent)).json['_id']).toBe(sent.toLowerCase());
    });

    it('knows a policy by its explicit id too, and keeps that when a write leaves it out', async () => {
      const explicit = unique('gold');
      const id = await create({ ...aPolicy(), id: explicit });
      expect((await get(explicit)).json['_id']).toBe(id);
      expectOk(await organisation.admin.client.put(`${path}/${explicit}`, aPolicy([], { rate: 3 })));
      expect((await get(id)).json).toMatchObject({ id: explicit, rate: 3 });
      expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy([], { id: '' })));
      expect((await organisation.admin.client.get(`${path}/${explicit}`)).status).toBe(404);
    });
  });

  describe('promise 10: what we do not understand, we keep', () => {
    it('keeps unknown fields, empty objects, and names with dots, dollars and __proto__', async () => {
      const strange =
        '{"a.b":1,"$set":{"$x.y":{}},"__proto__":{"admin":true},"constructor":null,"empty":{},"l":[[],{}]}';
      const sent = `{"name":"strange","active":false,"meta_data":${strange},"access_rights":{"${apiId}":{"limit":null,"x.$y":${strange}}}}`;
      const id = textOf(expectOk(await organisation.admin.client.post(path, sent)).json['Message']);
      const { text } = await get(id);
      expect(text).toContain(`"meta_data":${strange}`);
      expect(text).toContain(`"access_rights":{"${apiId}":{"limit":null,"x.$y":${strange},"api_id":"${apiId}"}}`);
    });
  });

  describe('no-ops', () => {
    it('writes nothing for the same content, whatever dates and version it carries', async () => {
      const id = await create();
      const { json } = await get(id);
      const again = { ...json, last_updated: '1', date_created: '2001-01-01T00:00:00Z', version: 77 };
      const reply = expectOk(await organisation.admin.client.put(`${path}/${id}`, again));
      expect(reply.headers.get('etag')).toBe('"1"');
      expect((await get(id)).json).toEqual(json);
      const history = await organisation.admin.client.get(`${path}/${id}/revisions`);
      expect(listOf(history.json['revisions'])).toHaveLength(1);
    });

    it('keeps the dates that a new policy brings along, and dates later writes itself', async () => {
      const dates = { date_created: '2020-04-24T12:40:42.074Z', last_updated: '1655965189' };
      const id = await create({ ...aPolicy(), ...dates });
      expect((await get(id)).json).toMatchObject(dates);
      expectOk(await organisation.admin.client.put(`${path}/${id}`, { ...aPolicy(), ...dates }));
      const { json } = await get(id);
      expect(json['date_created']).toBe(dates.date_created);
      expect(Number(json['last_updated'])).toBeGreaterThan(1_700_000_000);
    });
  });

  describe('400', () => {
    it('names each wrong field and writes nothing', async () => {
      const explicit = unique('wrong');
      const reply = await organisation.admin.client.post(path, {
        ...aPolicy([apiId]),
        id: explicit,
        rate: '7',
        tags: [1],
        date_created: 'yesterday',
      });
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      expect(problemsOf(reply).sort()).toEqual(['date_created', 'rate', 'tags[0]']);
      expect((await organisation.admin.client.get(`${path}/${explicit}`)).status).toBe(404);
    });

    it.each([
      ['no body', ''],
      ['a list', '[]'],
      ['an _id that is none', '{"_id":"gold"}'],
    ])('refuses %s', async (_, body) => {
      const reply = await organisation.admin.client.post(path, body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    });

    it('says that JSON is broken', async () => {
      const reply = await organisation.admin.client.post(path, '{"name":');
      expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
    });

    it('refuses an unknown API and another organisation’s in the same words', async () => {
      const stranger = await api.organisation();
      const foreign = await anApi(anApiDefinition(), stranger);
      const refusals = [
        await organisation.admin.client.post(path, aPolicy(['nowhere'])),
        await organisation.admin.client.post(path, aPolicy([foreign])),
      ];
      expect(refusals.map(({ status }) => status)).toEqual([400, 400]);
      expect(refusals.map(problemsOf)).toEqual([['access_rights.nowhere'], [`access_rights.${foreign}`]]);
      const [unknown, foreigner] = refusals.map(({ json }) => listOf(json['Errors'])[0]?.['message']);
      expect(foreigner).toBe(unknown);
    });

    it('takes an unknown API where the organisation allows it, as tyk-sync needs it', async () => {
      const lenient = await api.organisation({ allow_unknown_apis_in_policies: true });
      expect((await lenient.admin.client.post(path, aPolicy(['not-there-yet']))).status).toBe(200);
    });

    it('refuses it on an update too, which then changes nothing', async () => {
      const id = await create();
      const reply = await organisation.admin.client.put(`${path}/${id}`, aPolicy([apiId, 'nowhere'], { rate: 1 }));
      expect([reply.status, problemsOf(reply)]).toEqual([400, ['access_rights.nowhere']]);
      expect(withVersion(await get(id))['version']).toBe(1);
    });

    it('refuses a version that the API does not have', async () => {
      const versioned = await anApi(
        anApiDefinition({
          version_data: { not_versioned: false, versions: { v1: { name: 'v1' }, v2: { name: 'v2' } } },
        }),
      );
      const rights = (versions: string[]) => ({ ...aPolicy(), access_rights: { [versioned]: { versions } } });
      await create(rights(['v2', 'v1']));
      const reply = await organisation.admin.client.post(path, rights(['v1', 'Default', 'v3']));
      expect(problemsOf(reply)).toEqual([
        `access_rights.${versioned}.versions[1]`,
        `access_rights.${versioned}.versions[2]`,
      ]);
    });

    it('refuses an access right whose API is not the one that it stands under', async () => {
      const other = await anApi();
      const reply = await organisation.admin.client.post(path, {
        ...aPolicy(),
        access_rights: { [apiId]: { api_id: other } },
      });
      expect([reply.status, problemsOf(reply)]).toEqual([400, [`access_rights.${apiId}.api_id`]]);
    });

    it('refuses a query parameter that is there twice', async () => {
      const reply = await organisation.admin.client.get(`${path}/search?q=a&q=b`);
      expect([reply.status, problemsOf(reply)]).toEqual([400, ['q']]);
    });
  });

  describe('401', () => {
    it.each([{}, { authorization: 'Bearer nobody' }])('refuses %p on every route', async (headers) => {
      const client = api.anonymous.with(headers);
      const replies = [
        await client.get(path),
        await client.get(`${path}/search?q=x`),
        await client.get(`${path}/${nobodysId}`),
        await client.post(path, aPolicy()),
        await client.post(`${path}/validate`, aPolicy()),
        await client.put(`${path}/${nobodysId}`, aPolicy()),
        await client.delete(`${path}/${nobodysId}`),
        await client.get(`${path}/${nobodysId}/revisions`),
      ];
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
    });
  });

  describe('403', () => {
    it('lets a reader read and validate, and refuses each write', async () => {
      const id = await create();
      const { client } = await api.user(organisation.id, { policies: 'read' });
      const reads = [
        await client.get(path),
        await client.get(`${path}/search?q=x`),
        await client.get(`${path}/${id}`),
        await client.post(`${path}/validate`, aPolicy([apiId])),
      ];
      expect(reads.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const writes = [
        await client.post(path, aPolicy()),
        await client.put(`${path}/${id}`, aPolicy()),
        await client.delete(`${path}/${id}`),
        await client.post(`${path}/${id}/rollback`, { revision: 1 }),
        await client.post(`${path}/${id}/restore`),
      ];
      expect(writes.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect(writes[0]?.json['Message']).toBe(`access denied: You do not have permission to access  ${path}`);
    });

    it('refuses everything to a user of another section', async () => {
      const { client } = await api.user(organisation.id, { apis: 'write' });
      const replies = [await client.get(path), await client.post(`${path}/validate`, aPolicy())];
      expect(replies.map(({ status }) => status)).toEqual([403, 403]);
    });
  });

  describe('409', () => {
    it('refuses an _id and an explicit id that are taken, and names who has them', async () => {
      const explicit = unique('taken');
      const sent = aPolicy([], { id: explicit });
      const id = await create(sent);
      const other = await create();
      const refusals = [
        await organisation.admin.client.post(path, { ...aPolicy(), _id: id }),
        await organisation.admin.client.post(path, { ...aPolicy(), id: explicit }),
        await organisation.admin.client.put(`${path}/${other}`, { ...aPolicy(), id: explicit }),
      ];
      for (const { status, json } of refusals) {
        expect([status, json['Code']]).toEqual([409, 'id_conflict']);
        expect(json['Meta']).toEqual({ id, name: sent['name'] });
      }
    });

    it('refuses an explicit id that is another policy’s _id, and an _id that is another’s explicit id', async () => {
      const [plain, named, free] = [
        await create(),
        await create({ ...aPolicy(), id: unique('named') }),
        'e'.repeat(24),
      ];
      const shadow = await create({ ...aPolicy(), id: free });
      const refusals = [
        [plain, await organisation.admin.client.post(path, { ...aPolicy(), id: plain })],
        [named, await organisation.admin.client.post(path, { ...aPolicy(), id: named.toUpperCase() })],
        [named, await organisation.admin.client.put(`${path}/${plain}`, { ...aPolicy(), id: named })],
        [shadow, await organisation.admin.client.post(path, { ...aPolicy(), _id: free })],
      ] as const;
      for (const [holder, { status, json }] of refusals) {
        expect([status, json['Code'], json['Meta']?.['id']]).toEqual([409, 'id_conflict', holder]);
      }
      await create({ ...aPolicy(), id: 'd'.repeat(24), _id: 'd'.repeat(24) });
    });

    it('refuses an explicit id of another organisation, of which gateways would load one, and says no more', async () => {
      const name = unique('shared');
      await create({ ...aPolicy(), id: name, name });
      const stranger = await api.organisation();
      const reply = await stranger.admin.client.post(path, { ...aPolicy(), id: name });
      expect([reply.status, reply.json['Code'], reply.json['Meta']]).toEqual([409, 'id_conflict', null]);
      expect(reply.text).not.toContain(name);
    });
  });

  describe('promise 8: no lost updates', () => {
    it('refuses a write against another version, and tells the current one', async () => {
      const id = await create();
      const write = (ifMatch: string) =>
        organisation.admin.client.put(`${path}/${id}`, aPolicy(), { headers: { 'if-match': ifMatch } });
      expect((await write('"1"')).headers.get('etag')).toBe('"2"');
      const stale = await write('"1"');
      expect([stale.status, stale.json['Code'], stale.json['Meta']?.['version']]).toEqual([412, 'version_mismatch', 2]);
      const gone = await organisation.admin.client.delete(`${path}/${id}`, { headers: { 'if-match': '"1"' } });
      expect(gone.status).toBe(412);
      expect((await write('W/"2-gzip"')).status).toBe(200);
    });

    it('demands If-Match where the organisation does', async () => {
      const strict = await api.organisation({ require_if_match: true });
      const id = await create(aPolicy(), strict);
      const replies = [
        await strict.admin.client.put(`${path}/${id}`, aPolicy()),
        await strict.admin.client.delete(`${path}/${id}`),
        await strict.admin.client.post(`${path}/${id}/rollback`, { revision: 1 }),
      ];
      expect(replies.map(({ status }) => status)).toEqual([428, 428, 428]);
      const headers = { 'if-match': '"1"' };
      expect((await strict.admin.client.delete(`${path}/${id}`, { headers })).status).toBe(200);
    });
  });
});
