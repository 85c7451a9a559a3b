import { Redis } from 'ioredis';
import { anApiDefinition, eventually, textOf, unique, type Reply } from '@castellan/testing';
import {
  generateToken,
  hashText,
  KEY_HASH_ALGORITHMS,
  readSession,
  sessionName,
  type KeyHashAlgorithm,
  type Session,
} from '@castellan/tyk';
import { AnnouncedKeys } from '../../test/announced-keys';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, type Json } from '../../test/configuration';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;
let redis: Redis;
let announcements: AnnouncedKeys;

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '600000', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  apiId = await addApi(organisation);
  redis = new Redis(api.config.redisUrl);
  announcements = await AnnouncedKeys.of(api);
});

afterAll(async () => {
  redis.disconnect();
  announcements.stop();
  await api.stop();
});

const rightsTo = (id: string): Json => ({ [id]: { api_id: id, api_name: 'Test', versions: ['Default'] } });
const create = async (fields: Json, path: string): Promise<{ hash: string; reply: Reply }> => {
  const reply = expectOk(await organisation.admin.client.post(path, { access_rights: rightsTo(apiId), ...fields }));
  return { hash: textOf(reply.json['key_hash']), reply };
};
const stored = async (hash: string): Promise<Session | undefined> =>
  readSession((await redis.get(sessionName(hash))) ?? '');
const get = (key: string, query: string): Promise<Reply> =>
  organisation.admin.client.get(`/api/keys/${encodeURIComponent(key)}${query}`);

describe('a user with a password', () => {
  it('is made by name, with the password as bcrypt, and found by name', async () => {
    const name = unique('ada');
    const { hash, reply } = await create(
      { basic_auth_data: { password: 'open:sesame' } },
      `/api/apis/keys/basic/${name}`,
    );
    const session = await stored(hash);
    expect(session).toMatchObject({
      basic_auth_data: { hash_type: 'bcrypt', password: expect.stringMatching(/^\$2[aby]\$10\$/) as string },
    });
    expect(reply.text).not.toContain('open:sesame');
    expect(reply.text).not.toContain('$2');
    expect((await get(name, '?username=true')).json['key_hash']).toBe(hash);
    expect((await get(name, '?auto_guess=true')).json['key_hash']).toBe(hash);
  });

  it.each(['/api/apis/keys/basic/', '/api/keys/'])(
    'lies under every token that gateways may make of the name at %s, until it is deleted',
    async (path) => {
      const name = unique('ada');
      await create({ basic_auth_data: { password: 'x' } }, `${path}${name}`);
      const form = (algorithm: KeyHashAlgorithm): string =>
        hashText(generateToken(organisation.id, name, algorithm), algorithm);
      const names = [hashText(`${organisation.id}${name}`, 'murmur32'), ...KEY_HASH_ALGORITHMS.map(form)];
      for (const one of names) expect(await stored(one)).toMatchObject({ org_id: organisation.id });
      expectOk(await organisation.admin.client.delete(`/api/keys/${name}?username=true`));
      for (const one of names) expect(await stored(one)).toBeUndefined();
    },
  );

  it.each<[string, (name: string) => Promise<unknown>]>([
    ['changed', (name) => organisation.admin.client.put(`/api/keys/${name}?username=true`, { alias: 'other' })],
    ['deleted', (name) => organisation.admin.client.delete(`/api/keys/${name}?username=true`)],
  ])('is told to nodes by every name that they may keep it under when it is %s', async (_what, change) => {
    const name = unique('ada');
    const { hash } = await create({ basic_auth_data: { password: 'x' } }, `/api/apis/keys/basic/${name}`);
    await eventually(() => announcements.names.includes(hash));
    announcements.names.length = 0;
    await change(name);
    const ofOld = hashText(`${organisation.id}${name}`, 'murmur32');
    const ofNew = hashText(name, 'murmur64');
    await eventually(() => [hash, ofOld, ofNew].every((one) => announcements.names.includes(one)));
  });

  it.each([
    {},
    { basic_auth_data: { password: '' } },
    { basic_auth_data: { password: '[redacted]' } },
    { basic_auth_data: { password: '****' } },
  ])('keeps the password when %j is sent', async (sent) => {
    const name = unique('bob');
    const { hash } = await create({ basic_auth_data: { password: 'secret' } }, `/api/apis/keys/basic/${name}`);
    const before = (await stored(hash))?.['basic_auth_data'];
    expectOk(await organisation.admin.client.put(`/api/keys/${name}?username=true`, { rate: 3, per: 1, ...sent }));
    expect((await stored(hash))?.['basic_auth_data']).toEqual(before);
    expect(await stored(hash)).toMatchObject({ rate: 3 });
  });

  it('has no colon in its name, and is made from a body, too', async () => {
    expect(
      (await organisation.admin.client.post('/api/apis/keys/basic/a:bcd', { access_rights: rightsTo(apiId) })).status,
    ).toBe(400);
    const user = unique('eve');
    const { hash } = await create({ basic_auth_data: { user, password: 'x' } }, '/api/keys?basic_auth=true');
    expect((await get(user, '?username=1')).json['key_hash']).toBe(hash);
  });

  it('has used what they have used when the password is changed', async () => {
    const name = unique('ada');
    const limits = { quota_max: 5, quota_renewal_rate: 3_600, expires: 1_893_456_000 };
    const body = { basic_auth_data: { password: 'first' }, ...limits };
    const { hash } = await create(body, `/api/apis/keys/basic/${name}`);
    const before = await stored(hash);
    await redis.set(`quota-${hash}`, '3', 'EX', 1_000);
    expectOk(
      await organisation.admin.client.put(`/api/keys/${name}?username=true`, {
        basic_auth_data: { password: 'second' },
      }),
    );
    expect(await redis.get(`quota-${hash}`)).toBe('3');
    const after = await stored(hash);
    expect(after?.['basic_auth_data']).not.toEqual(before?.['basic_auth_data']);
    for (const field of ['quota_renews', 'expires', 'access_rights', 'quota_max'])
      expect(after?.[field]).toEqual(before?.[field]);
  });

  it('is told when none of the APIs takes a name and a password', async () => {
    const takes = await addApi(organisation, anApiDefinition({ use_keyless: false, use_basic_auth: true }));
    const make = async (id: string): Promise<string> => {
      const body = { access_rights: rightsTo(id), basic_auth_data: { password: 'x' } };
      const { reply } = await create(body, `/api/apis/keys/basic/${unique('user')}`);
      return JSON.stringify(reply.json['explanation']);
    };
    expect(await make(apiId)).toContain('refuse every login');
    expect(await make(takes)).not.toContain('refuse every login');
  });
});
