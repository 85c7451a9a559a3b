import { createHash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { aPolicy, listOf, textOf, unique, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const path = '/api/portal/policies';

describe('DELETE /api/portal/policies/{id}', () => {
  let api: ApiUnderTest;
  let redis: Redis;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    redis = new Redis(api.config.redisUrl);
    organisation = await api.organisation();
  });
  afterAll(async () => {
    redis.disconnect();
    await api.stop();
  });

  const aHash = () => createHash('sha256').update(randomUUID()).digest('hex');
  const create = async (policy: object = aPolicy()): Promise<string> =>
    textOf(expectOk(await organisation.admin.client.post(path, policy)).json['Message']);
  const putSession = async (session: object, name = aHash()): Promise<string> => {
    await redis.set(`apikey-${name}`, JSON.stringify({ org_id: organisation.id, alias: '', ...session }));
    return name;
  };
  const remove = (id: string, query = '') => organisation.admin.client.delete(`${path}/${id}${query}`);

  it('is refused while keys apply the policy, by either of its ids, and says which', async () => {
    const explicit = unique('gold');
    const id = await create({ ...aPolicy(), id: explicit });
    const alias = unique('ada');
    const names = [
      await putSession({ apply_policies: ['other', explicit], alias }),
      await putSession({ apply_policies: [id] }),
      await putSession({ apply_policies: null, apply_policy_id: explicit }),
    ];
    const reply = await remove(id);
    expect([reply.status, reply.json['Code']]).toEqual([409, 'in_use']);
    const errors = listOf(reply.json['Errors']);
    expect(errors.map((error) => textOf(error['path'])).sort()).toEqual(
      names.map((name) => `keys.${name.slice(0, 8)}…`).sort(),
    );
    expect(errors.map((error) => error['message'])).toContain(`The key "${alias}" applies the policy`);
    expect(withVersion(await organisation.admin.client.get(`${path}/${id}`))['version']).toBe(1);
  });

  it('goes through with force=true', async () => {
    const id = await create();
    await putSession({ apply_policies: [id] });
    expect((await remove(id, '?force=false')).status).toBe(409);
    expectOk(await remove(id, '?force=true'));
    expect((await organisation.admin.client.get(`${path}/${id}`)).status).toBe(404);
  });

  it('goes through once no key applies the policy any more', async () => {
    const id = await create();
    const name = await putSession({ apply_policies: [id] });
    expect((await remove(id)).status).toBe(409);
    await redis.del(`apikey-${name}`);
    expectOk(await remove(id));
  });

  it('does not mind what is no key of the organisation that applies the policy', async () => {
    const id = await create();
    await putSession({ apply_policies: [], tags: [id], meta_data: { apply_policies: [id] } });
    await putSession({ apply_policies: [id], org_id: '000000000000000000000000' });
    await redis.set(`apikey-${aHash()}`, `broken ${id}`);
    await redis.lpush(`apikey-${aHash()}`, id);
    await redis.set(`quota-${aHash()}`, JSON.stringify({ org_id: organisation.id, apply_policies: [id] }));
    expectOk(await remove(id));
  });

  it('finds a key among thousands, and an id that the session spells with escapes', async () => {
    const explicit = unique('a&b');
    const id = await create({ ...aPolicy(), id: explicit });
    const others = Array.from({ length: 3_000 }, () => [`apikey-${aHash()}`, '{"apply_policies":["x"]}']);
    await redis.mset(others.flat());
    const session = JSON.stringify({ org_id: organisation.id, apply_policies: [explicit] });
    await redis.set(`apikey-${aHash()}`, session.replace('&', '\\u0026'));
    const reply = await remove(id);
    expect([reply.status, listOf(reply.json['Errors']).length]).toEqual([409, 1]);
  });

  it('names no more than twenty', async () => {
    const id = await create();
    await Promise.all(Array.from({ length: 25 }, () => putSession({ apply_policies: [id] })));
    expect(listOf((await remove(id)).json['Errors'])).toHaveLength(20);
  });

  it('never shows a key that is stored without a hash (promise 9)', async () => {
    const id = await create();
    const raw = `${organisation.id}${randomUUID().replaceAll('-', '')}`;
    const custom = randomUUID().replaceAll('-', '');
    for (const name of [raw, custom, 'my-own-key']) await putSession({ apply_policies: [id] }, name);
    const { text, json } = await remove(id);
    expect(listOf(json['Errors'])).toHaveLength(3);
    for (const secret of [raw.slice(24, 34), custom.slice(0, 10), 'my-own']) expect(text).not.toContain(secret);
  });
});
