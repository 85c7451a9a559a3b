import * as fc from 'fast-check';
import { checkPolicy, toNodePolicy } from './check-policy';
import { isJsonObject, parseJson, type JsonObject } from '../../json/json-text';
import { anyJson, anyJsonObject } from '../../testing/arbitraries';
import { fixtures } from '../../../../../test/fixtures/load';

const policy: JsonObject = {
  _id: '5ead71205759610001818680',
  id: '',
  name: 'Gold',
  org_id: '5e9d9544a1dcd60001d0ed20',
  active: true,
  rate: 1000,
  per: 0.5,
  quota_max: -1,
  last_updated: '1736761362',
  tags: [],
  partitions: { quota: true, rate_limit: true, acl: true },
  smoothing: null,
  meta_data: { 'a.b': [1] },
  access_rights: {
    orders: {
      api_id: 'orders',
      api_name: 'Orders',
      versions: ['Default'],
      allowed_urls: [{ url: '/x', methods: ['GET'] }],
      limit: null,
      unknown: { kept: true },
    },
  },
  access_rights_array: [],
  'x.unknown': {},
};

describe('checkPolicy', () => {
  it('lets whole, empty and real policies pass', () => {
    expect(checkPolicy(policy)).toEqual([]);
    expect(checkPolicy({})).toEqual([]);
    for (const { document: real } of fixtures('policies')) expect(checkPolicy(real)).toEqual([]);
  });

  it.each<[JsonObject, string, string]>([
    [{ _id: 'gold' }, '_id', 'must be 24 hexadecimal digits, or empty'],
    [{ last_updated: 1736761362 }, 'last_updated', 'must be a string, got a number'],
    [{ rate: '5' }, 'rate', 'must be a number, got a string'],
    [{ quota_max: 1.5 }, 'quota_max', 'must be an integer of 64 bits, got a number with a fraction'],
    [{ quota_max: -2 }, 'quota_max', 'must be more than 0 calls, or 0 or -1 for no limit'],
    [
      { access_rights: { a: { limit: { quota_max: -2 } } } },
      'access_rights["a"].limit.quota_max',
      'must be more than 0 calls, or 0 or -1 for no limit',
    ],
    [{ partitions: { acl: 1 } }, 'partitions.acl', 'must be a boolean, got a number'],
    [
      { partitions: { per_api: true, quota: false, acl: true } },
      'partitions.per_api',
      'must not be true together with acl: gateways apply no such policy',
    ],
    [{ access_rights: [] }, 'access_rights', 'must be an object, got an array'],
    [{ access_rights: { a: { versions: 'v1' } } }, 'access_rights["a"].versions', 'must be an array, got a string'],
    [
      { access_rights: { a: { allowed_urls: [{ methods: [1] }] } } },
      'access_rights["a"].allowed_urls[0].methods[0]',
      'must be a string, got a number',
    ],
    [{ access_rights: { a: { apiid: 7 } } }, 'access_rights["a"].apiid', 'must be a string, got a number'],
    [{ Org_Id: 'x' }, '["Org_Id"]', 'gateways would read this as "org_id": spell it so'],
  ])('says of %j that %s %s', (document, path, message) => {
    expect(checkPolicy(document)).toEqual([{ path, message }]);
  });

  it('has nothing to say about unknown fields', () => {
    fc.assert(
      fc.property(anyJson, anyJsonObject, (value, data) => {
        expect(checkPolicy({ ...policy, __unknown: value, 'unknown.field': value, meta_data: data })).toEqual([]);
      }),
    );
  });
});

describe('toNodePolicy', () => {
  it.each<[string, JsonObject]>([
    ['new', { api_id: 'orders', api_name: 'Orders' }],
    ['old', { apiid: 'orders', apiname: 'Orders' }],
    ['mixed', { apiid: 'orders', api_id: '', apiname: 'Orders' }],
  ])('names the API both ways from %s names', (_case, right) => {
    expect(toNodePolicy({ access_rights: { orders: right } })).toEqual({
      access_rights: { orders: { api_id: 'orders', api_name: 'Orders', apiid: 'orders', apiname: 'Orders' } },
    });
  });

  it('takes the key where a right names no API', () => {
    expect(toNodePolicy({ access_rights: { orders: { versions: ['v1'] }, none: null } })).toEqual({
      access_rights: {
        orders: { versions: ['v1'], api_id: 'orders', api_name: '', apiid: 'orders', apiname: '' },
        none: null,
      },
    });
  });

  it('keeps everything else, and does nothing the second time', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (fields, rights) => {
        const document = { ...policy, ...fields, access_rights: rights };
        const once = toNodePolicy(document);
        expect(JSON.stringify(toNodePolicy(once))).toBe(JSON.stringify(once));
        expect(JSON.stringify({ ...once, access_rights: null })).toBe(
          JSON.stringify({ ...document, access_rights: null }),
        );
        expect(isJsonObject(once['access_rights']) && Object.keys(once['access_rights'])).toEqual(Object.keys(rights));
      }),
    );
  });

  it('is not led astray by __proto__', () => {
    const hostile = parseJson('{"access_rights":{"__proto__":{"api_id":"x"}}}');
    expect(isJsonObject(hostile) && JSON.stringify(toNodePolicy(hostile))).toBe(
      '{"access_rights":{"__proto__":{"api_id":"x","api_name":"","apiid":"x","apiname":""}}}',
    );
  });
});
