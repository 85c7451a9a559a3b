import {
  anApiDefinition,
  listOf,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
  type Reply,
  withVersion,
} from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';

const path = '/api/portal/policies';

/**
 * What tyk-sync's and tyk-operator's own types need of a reply to a write (docs/tyk/clients.md#tyk-sync,
 * docs/tyk/clients.md#tyk-operator).
 */
const expectWritten = ({ status, json }: Reply): JsonReply => {
  expect(status).toBe(200);
  expect(json['Status']).toBe('OK');
  expect(typeof json['Message']).toBe('string');
  expect(typeof (json['Meta'] ?? '')).toBe('string');
  return json;
};

/** Fails where a Go program could not decode a policy: ids in hex, times in RFC 3339, lists and objects where they belong. */
const expectDecodable = (policy: JsonReply): JsonReply => {
  expect(policy['_id']).toMatch(/^[0-9a-f]{24}$/);
  expect(policy['date_created']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(typeof policy['last_updated']).toBe('string');
  for (const right of Object.values(policy['access_rights'] ?? {})) {
    expect(typeof textOf(right['api_id'])).toBe('string');
    expect(Array.isArray(right['versions'])).toBe(true);
  }
  return policy;
};

const listed = (reply: Reply): JsonReply[] => {
  expect(reply.status).toBe(200);
  return listOf(reply.json['Data']).map(expectDecodable);
};

/** As Go programs write it: every field, zero values included. */
const aGoPolicy = (apiId: string, oldId: string, fields: object = {}): Record<string, unknown> => ({
  _id: oldId,
  id: oldId,
  name: unique('policy'),
  org_id: '',
  rate: 1000,
  per: 60,
  quota_max: -1,
  quota_renewal_rate: 3600,
  throttle_interval: -1,
  throttle_retry_limit: -1,
  max_query_depth: -1,
  access_rights: {
    [apiId]: {
      api_name: 'httpbin protected',
      api_id: apiId,
      versions: ['Default'],
      allowed_urls: [],
      restricted_types: [],
      limit: null,
      field_access_rights: null,
      allowance_scope: '',
    },
  },
  hmac_enabled: false,
  active: true,
  is_inactive: false,
  date_created: '2020-12-10T11:12:54.263Z',
  tags: null,
  key_expires_in: 0,
  partitions: { quota: true, rate_limit: true, complexity: false, acl: true, per_api: false },
  last_updated: '1607598779',
  meta_data: null,
  ...fields,
});

let lastId = 0x5fd202b6;
const anOldId = (): string => `${(lastId += 1).toString(16)}69710900018bc19c`;

describe('policies and the tools that write them', () => {
  let api: ApiUnderTest;
  let client: HttpClient;
  let organisation: string;
  let apiId: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    const { id, admin } = await api.organisation();
    organisation = id;
    client = admin.client;
    const created = expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() }));
    apiId = textOf(created.json['ID']);
  });

  describe('tyk-sync (docs/tyk/clients.md#tyk-sync)', () => {
    /** It finds a policy by its explicit id, or else by its `_id`. */
    const matching = (policies: readonly JsonReply[], { id, _id }: Record<string, unknown>) =>
      policies.find((policy) => (textOf(policy['id']) || textOf(policy['_id'])) === (id === '' ? _id : id));

    const sync = async (spec: readonly Record<string, unknown>[]): Promise<void> => {
      const before = listed(await client.get(`${path}?p=-2`));
      for (const gone of before.filter((policy) => !spec.some((wanted) => matching([policy], wanted) === policy))) {
        expect((await client.delete(`${path}/${textOf(gone['_id'])}`)).status).toBe(200);
      }
      const again = listed(await client.get(`${path}?p=-2`));
      for (const wanted of spec) {
        const present = matching(again, wanted);
        if (present === undefined) {
          expect(expectWritten(await client.post(path, wanted))['Message']).toMatch(/^[0-9a-f]{24}$/);
        } else {
          const id = textOf(present['_id']);
          expectWritten(await client.put(`${path}/${id}`, { ...wanted, _id: id }));
        }
      }
    };

    it('syncs to an empty dashboard, keeps the ids, and writes nothing the second time', async () => {
      const spec = [aGoPolicy(apiId, anOldId()), aGoPolicy(apiId, anOldId(), { id: '' })];
      await sync(spec);
      for (const wanted of spec) {
        const { json } = expectOk(await client.get(`${path}/${textOf(wanted['_id'])}`));
        expect(json).toEqual({ ...wanted, org_id: organisation });
      }
      await sync(spec);
      for (const { _id } of spec) {
        expect(withVersion(await client.get(`${path}/${textOf(_id)}`))['version']).toBe(1);
      }
    });

    it('dumps each policy of the list by its _id', async () => {
      const wanted = aGoPolicy(apiId, anOldId());
      await sync([wanted]);
      const [first, ...others] = listed(await client.get(`${path}?p=-2`));
      expect(others).toEqual([]);
      const dumped = expectDecodable((await client.get(`${path}/${textOf(first?.['_id'])}`)).json);
      expect(dumped).toMatchObject({ ...wanted, org_id: organisation });
      expect(dumped['access_rights']).toEqual(wanted['access_rights']);
    });

    it('updates what changed, found by its explicit id under another _id', async () => {
      const wanted = aGoPolicy(apiId, anOldId());
      await sync([wanted]);
      await sync([{ ...wanted, _id: anOldId(), rate: 7 }]);
      const [policy, ...others] = listed(await client.get(`${path}?p=-2`));
      expect(others).toEqual([]);
      expect(policy).toMatchObject({ _id: wanted['_id'], id: wanted['id'], rate: 7 });
      expect(withVersion(await client.get(`${path}/${textOf(wanted['_id'])}`))['version']).toBe(2);
    });

    it('deletes everything for an empty spec', async () => {
      await sync([aGoPolicy(apiId, anOldId()), aGoPolicy(apiId, anOldId())]);
      await sync([]);
      expect(listed(await client.get(`${path}?p=-2`))).toEqual([]);
    });
  });

  describe('tyk-operator (docs/tyk/clients.md#tyk-operator)', () => {
    it('creates, reads by MID, updates with the extra fields of its sample, and deletes', async () => {
      const explicit = Buffer.from(`default/${unique('httpbin')}`).toString('base64url');
      const extras = { access_rights_array: [], auth_type: 'authToken', auth_types: ['authToken'], state: 'active' };
      const { _id, ...spec } = aGoPolicy(apiId, anOldId(), { id: explicit, graphql_enabled: false, ...extras });
      expect((await client.get(`${path}/${explicit}`)).status).toBe(404);
      expect((await client.get(`${path}/${textOf(_id)}`)).status).toBe(404);

      const mid = textOf(expectWritten(await client.post(path, spec))['Message']);
      expect(mid).toMatch(/^[0-9a-f]{24}$/);
      const read = expectDecodable(expectOk(await client.get(`${path}/${mid}`)).json);
      expect(read).toEqual({ ...spec, _id: mid, org_id: organisation });
      expect((await client.get(`${path}/${explicit}`)).json).toEqual(read);

      const updated = expectWritten(await client.put(`${path}/${mid}`, { ...spec, _id: mid, name: 'renamed' }));
      expect([updated['Message'], updated['Meta']]).toEqual(['Data updated', null]);
      expect((await client.get(`${path}/${mid}`)).json).toMatchObject({ ...extras, id: explicit, name: 'renamed' });

      const deleted = expectWritten(await client.delete(`${path}/${mid}`));
      expect(deleted).toEqual({ Status: 'OK', Message: 'Data deleted', Meta: null });
      expect((await client.get(`${path}/${mid}`)).status).toBe(404);
      expect(listed(await client.get(`${path}?p=-2`))).toEqual([]);
    });
  });

  it('takes a policy as bootstrap scripts post it: fixed _id, no content type, trailing slash', async () => {
    const wanted = aGoPolicy(apiId, anOldId(), { id: '' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = expectOk(await client.post(`${path}/`, wanted, { headers }));
    expect(reply.text).toBe(`{"Status":"OK","Message":"${textOf(wanted['_id'])}","Meta":null}`);
  });
});
