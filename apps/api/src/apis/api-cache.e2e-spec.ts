import { Redis } from 'ioredis';
import { eventually, listOf } from '@castellan/testing';
import { Generations, toOrganisationId } from '@castellan/persistence';
import { NOTIFICATION_CHANNEL } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

describe('DELETE /api/cache/jwks/{id}', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let subscriber: Redis;
  const heard: Readonly<Record<string, unknown>>[] = [];

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
    subscriber = new Redis(api.config.redisUrl);
    subscriber.on('message', (_channel, text) => heard.push(JSON.parse(text) as Record<string, unknown>));
    await subscriber.subscribe(NOTIFICATION_CHANNEL);
  });
  afterAll(async () => {
    subscriber.disconnect();
    await api.stop();
  });

  const generation = async (): Promise<number> =>
    (await api.app.get(Generations).of(toOrganisationId(organisation.id))).generation;

  it('tells gateways to fetch the key sets again, reloads none of them, and is audited', async () => {
    const { client } = organisation.admin;
    const id = await addApi(organisation);
    const before = await generation();
    const reply = expectOk(await client.delete(`/api/cache/jwks/${id}`));
    expect(reply.json).toEqual({ message: 'success', status: 'OK' });
    const message = await eventually(() =>
      Promise.resolve(heard.find(({ command }) => command === 'InvalidateJWKSCacheForAPI')),
    );
    expect(message).toMatchObject({ payload: id });
    expect(await generation()).toBe(before);
    expect(before).toBeGreaterThan(0);
    const audit = listOf(
      expectOk(await client.get('/api/audit-logs?action=Invalidate%20JWKS%20Cache')).json['audit_logs'],
    );
    expect(audit).toHaveLength(1);
  });

  it('is refused for an API that the organisation does not have, and without the right', async () => {
    const id = await addApi(organisation);
    const other = await api.organisation();
    const refused = await other.admin.client.delete(`/api/cache/jwks/${id}`);
    expect([refused.status, refused.json['Message']]).toEqual([403, 'Update not allowed, API not owned by user']);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.delete(`/api/cache/jwks/${id}`)).status).toBe(403);
    expect((await api.anonymous.delete(`/api/cache/jwks/${id}`)).status).toBe(401);
  });
});
