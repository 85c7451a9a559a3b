import { eventually, listOf, numberOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';
import { REDIS } from '@castellan/delivery';
import type { Redis } from 'ioredis';

const password = 'several words that do not belong together';

describe('rate limits', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({
      RATE_LIMIT: '20',
      RATE_LIMIT_SERVICE: '30',
      RATE_LIMIT_ADDRESS: '8',
      TRUST_PROXY: '1',
      CREDENTIAL_ATTEMPTS: '1000',
    });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  let hosts = 0;
  const from = (client: HttpClient, address = `10.0.0.${(hosts += 1)}`): HttpClient =>
    client.with({ 'x-forwarded-for': address });
  /** Calls until it is refused. @returns how many calls were not */
  const until429 = async (
    call: () => Promise<Reply>,
  ): Promise<{ readonly passed: number; readonly refused: Reply }> => {
    for (let passed = 0; passed < 100; passed += 1) {
      const reply = await call();
      if (reply.status === 429) return { passed, refused: reply };
    }
    throw new Error('Nothing was refused');
  };

  it('hold each credential to its number, from whatever address, and say what is left', async () => {
    const user = await api.user(organisation.id, { apis: 'read' });
    const other = await api.user(organisation.id, { apis: 'read' });
    const first = await from(user.client).get('/api/apis');
    const left = ['limit', 'remaining', 'policy'].map((name) => first.headers.get(`ratelimit-${name}`));
    expect([first.status, ...left]).toEqual([200, '20', '19', '20;w=60']);
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThanOrEqual(1);
    const { passed, refused } = await until429(() => from(user.client).get('/api/apis'));
    expect(passed).toBe(19);
    expect([refused.json['Code'], refused.headers.get('ratelimit-remaining')]).toEqual(['rate_limited', '0']);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait >= 1 && wait <= 60).toBe(true);
    // Whoever shares its address is not held to it.
    expect((await from(other.client, '10.0.0.1').get('/api/apis')).status).toBe(200);
    // A refusal is no write that anybody tried.
    expect((await user.client.put('/api/apis/x', {})).status).toBe(429);
    const log = expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1')).json['audit_logs'];
    expect(listOf(log).filter(({ status }) => numberOf(status) === 429)).toEqual([]);
  });

  it('hold those without a good credential to the number of their address', async () => {
    const network = (): HttpClient => from(api.anonymous, `2001:db8:1:2::${(hosts += 1)}`);
    const { passed, refused } = await until429(() => network().get('/api/setup'));
    expect([passed, refused.json['Code']]).toEqual([8, 'rate_limited']);
    expect((await network().get('/api/apis', { headers: { authorization: 'wrong' } })).status).toBe(429);
    expect((await network().get('/no/such/path')).status).toBe(429);
    // A good credential from there passes.
    const { client } = await api.user(organisation.id, { apis: 'read' });
    expect((await from(client, '2001:db8:1:2::77').get('/api/apis')).status).toBe(200);
  });

  it('leave gateways and probes alone', async () => {
    const node = from(api.node, '10.9.9.9');
    for (let call = 0; call < 40; call += 1) {
      expect((await node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway' } })).status).toBe(200);
      expect((await from(api.anonymous, '10.9.9.9').get('/health/live')).status).toBe(200);
    }
    expect((await node.get('/system/apis')).headers.get('ratelimit-limit')).toBeNull();
  });

  describe('of service accounts', () => {
    const make = async (fields: Readonly<Record<string, unknown>>): Promise<{ id: string; client: HttpClient }> => {
      const body = { email_address: `${unique('ci')}@acme.example`, org_id: organisation.id, ...fields };
      const made = await api.admin.post('/admin/users', {
        user_permissions: { apis: 'read', users: 'write' },
        ...body,
      });
      const client = api.anonymous.with({ authorization: textOf(expectOk(made).json['Message']) });
      return { id: textOf(made.json['Meta']?.['id']), client };
    };

    it('are their own, or those of the installation for them', async () => {
      const usual = await make({ service_account: true });
      expect((await until429(() => usual.client.get('/api/apis'))).passed).toBe(30);
      const own = await make({ service_account: true, rate_limit: 5 });
      const shown = expectOk(await own.client.get('/api/users/me/permissions')).json;
      expect(shown).toMatchObject({ service_account: true, rate_limit: 5 });
      expect((await until429(() => own.client.get('/api/apis'))).passed).toBe(4);
    });

    it('come with no way to log in', async () => {
      const email = `${unique('ci')}@acme.example`;
      const person = await make({ email_address: email, password });
      const browser = new Browser(from(api.anonymous));
      expectOk(await browser.logIn({ email_address: email, password }));
      expectOk(await api.admin.put(`/admin/users/${person.id}`, { service_account: true }));
      expect((await browser.call('GET', '/api/apis')).status).toBe(401);
      expect((await new Browser(from(api.anonymous)).logIn({ email_address: email, password })).status).toBe(401);
      const body = { new_password: 'other words of which nobody thinks', current_password: password };
      expect((await person.client.post('/api/users/me/actions/reset', body)).status).toBe(400);
      expect((await person.client.get('/api/apis')).status).toBe(200);
    });

    it('are set by administrators alone', async () => {
      const member = await make({});
      for (const fields of [{ rate_limit: 1_000 }, { service_account: true }]) {
        const refused = await member.client.put(`/api/users/${member.id}`, fields);
        expect([refused.status, refused.json['Code']]).toEqual([403, 'rights_exceeded']);
        expectOk(await organisation.admin.client.put(`/api/users/${member.id}`, fields));
      }
      expect((await organisation.admin.client.put(`/api/users/${member.id}`, { rate_limit: -1 })).status).toBe(400);
    });
  });

  it('refuse nobody while Redis is away', async () => {
    const { client } = await api.user(organisation.id, { apis: 'read' });
    await until429(() => client.get('/api/apis'));
    const redis = api.app.get<Redis>(REDIS);
    redis.disconnect();
    try {
      const away = await client.get('/api/apis');
      expect([away.status, away.headers.get('ratelimit-limit')]).toEqual([200, null]);
    } finally {
      await redis.connect();
    }
    await eventually(async () => (await client.get('/api/apis')).status === 429);
  });
});
