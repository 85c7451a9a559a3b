import { eventually, type HttpClient, type Reply } from '@castellan/testing';
import { TcpProxy } from '../../../../test/support/tcp-proxy';
import { workerRedisUrl } from '../../../../test/support/test-services';
import { ApiUnderTest, type TestOrganisation } from '../../test/api-under-test';

/** Sends a wrong credential a few times. */
const statusesOf = async (times: number, call: () => Promise<Reply>): Promise<readonly number[]> => {
  const statuses: number[] = [];
  for (let attempt = 0; attempt < times; attempt += 1) statuses.push((await call()).status);
  return statuses;
};

let api: ApiUnderTest;
let organisation: TestOrganisation;
let addresses = 0;

beforeAll(async () => {
  api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '3', CREDENTIAL_ATTEMPTS: '3', TRUST_PROXY: '1' });
  organisation = await api.organisation();
});
afterAll(() => api.stop());

/** Of a caller whom nobody has heard of. */
const newAddress = (): string => `10.0.1.${(addresses += 1)}`;

describe('wrong credentials', () => {
  let address: string;
  beforeEach(() => {
    address = newAddress();
  });

  const ask = (path: string, headers: Readonly<Record<string, string>>, from = address, client = api.anonymous) =>
    client.get(path, { headers: { ...headers, 'x-forwarded-for': from } });
  const guess = (secret: string, from?: string, client?: HttpClient) =>
    ask('/admin/organisations', { 'admin-auth': secret }, from, client);

  it('are refused with 401 a few times, then with 429 and how long to wait', async () => {
    expect(await statusesOf(3, () => guess('wrong'))).toEqual([401, 401, 401]);
    const reply = await guess('wrong');
    expect([reply.status, reply.json['Code'], reply.json['Status']]).toEqual([429, 'too_many_attempts', 'Error']);
    const seconds = Number(reply.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it('never keep the right one out, so that nobody can lock the operator out', async () => {
    expect((await statusesOf(10, () => guess('wrong'))).at(-1)).toBe(429);
    expect((await guess(api.config.adminSecret)).status).toBe(200);
    expect((await guess('wrong')).status).toBe(429);
  });

  it('count a missing admin secret, too', async () => {
    expect(await statusesOf(4, () => guess(''))).toEqual([401, 401, 401, 429]);
  });

  it('are counted for each address, whatever the caller has written before it', async () => {
    expect(await statusesOf(4, () => guess('wrong'))).toEqual([401, 401, 401, 429]);
    expect((await guess('wrong', newAddress())).status).toBe(401);
    const believed = newAddress();
    const forging = () => guess('wrong', `${newAddress()}, ${believed}`);
    expect(await statusesOf(5, forging)).toEqual([401, 401, 401, 429, 429]);
  });

  it('are counted for a network of IPv6 addresses together, of which one caller has 2^64', async () => {
    let host = 0;
    const fromNextHost = () => guess('wrong', `2001:db8:1:2::${(host += 1).toString(16)}`);
    expect(await statusesOf(4, fromNextHost)).toEqual([401, 401, 401, 429]);
    expect((await guess('wrong', '2001:db8:1:3::1')).status).toBe(401);
  });

  it('are limited on the planes of organisations and gateways as well', async () => {
    const key = () => ask('/api/apis', { authorization: '0'.repeat(32) });
    expect(await statusesOf(4, key)).toEqual([401, 401, 401, 429]);
    expect((await ask('/register/node', { authorization: 'wrong' })).status).toBe(429);
    expect((await ask('/api/apis', { authorization: organisation.admin.accessKey })).status).toBe(200);
    expect((await ask('/register/node', { authorization: api.config.nodeSecret })).status).toBe(200);
  });

  it('are not what a caller without any sends to those planes', async () => {
    expect(await statusesOf(5, () => ask('/api/apis', {}))).toEqual([401, 401, 401, 401, 401]);
  });

  it('are counted for all replicas together', async () => {
    const { mongodbUri, redisUrl, adminSecret, nodeSecret } = api.config;
    const replica = await ApiUnderTest.start({
      DATABASE: new URL(mongodbUri).pathname.slice(1),
      REDIS_URL: redisUrl,
      ADMIN_SECRET: adminSecret,
      NODE_SECRET: nodeSecret,
      ADMIN_ATTEMPTS: '3',
      TRUST_PROXY: '1',
    });
    try {
      await statusesOf(3, () => guess('wrong'));
      expect((await guess('wrong', undefined, replica.anonymous)).status).toBe(429);
    } finally {
      await replica.stop();
    }
  });

  it('are counted by each replica for itself while Redis is away, which keeps the right ones out no more than before', async () => {
    const redis = await TcpProxy.before(workerRedisUrl());
    const alone = await ApiUnderTest.start({
      REDIS_URL: redis.through(workerRedisUrl()),
      ADMIN_ATTEMPTS: '3',
      CREDENTIAL_ATTEMPTS: '3',
      TRUST_PROXY: '1',
    });
    try {
      const { admin } = await alone.organisation();
      await redis.cut();
      await eventually(async () => (await alone.anonymous.get('/health/ready')).status === 503);
      const [second, third] = [newAddress(), newAddress()];
      const wrong = [
        () => guess('wrong', undefined, alone.anonymous),
        () => ask('/api/apis', { authorization: '0'.repeat(32) }, second, alone.anonymous),
        () => ask('/register/node', { authorization: 'wrong' }, third, alone.anonymous),
      ];
      for (const call of wrong) expect(await statusesOf(4, call)).toEqual([401, 401, 401, 429]);
      const right = [
        await guess(alone.config.adminSecret, undefined, alone.anonymous),
        await ask('/api/apis', { authorization: admin.accessKey }, second, alone.anonymous),
        await ask('/register/node', { authorization: alone.config.nodeSecret }, third, alone.anonymous),
      ];
      expect(right.map(({ status }) => status)).toEqual([200, 200, 200]);
      await redis.mend();
      await eventually(async () => (await alone.anonymous.get('/health/ready')).status === 200);
      expect((await guess('wrong', newAddress(), alone.anonymous)).status).toBe(401);
    } finally {
      await redis.mend();
      await alone.stop();
      await redis.cut();
    }
  });

  it('are a metric, by plane and by reason', async () => {
    const counted = async (): Promise<ReadonlyMap<string, number>> => {
      const { text } = await api.anonymous.get('/metrics');
      expect(text).toMatch(/^# TYPE castellan_auth_failures_total counter$/m);
      const lines = text.matchAll(/^castellan_auth_failures_total\{plane="(\w+)",code="(\w+)",[^}]*\} (\d+)$/gm);
      return new Map([...lines].map(([, plane, code, count]) => [`${plane} ${code}`, Number(count)]));
    };
    const before = await counted();
    await statusesOf(4, () => guess('wrong'));
    await ask('/api/apis', {}, newAddress());
    const another = newAddress();
    await statusesOf(2, () => ask('/register/node', { authorization: 'wrong' }, another));
    const more = [...(await counted())].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
    expect(more.filter(([, count]) => count > 0).sort()).toEqual([
      ['node unauthorised', 2],
      ['operator too_many_attempts', 1],
      ['operator unauthorised', 3],
      ['organisation unauthorised', 1],
    ]);
  });
});

describe('X-Forwarded-For', () => {
  /** After as many wrong secrets as one address may send. */
  const statusesSeenBy = async (
    client: HttpClient,
    forwarded: string,
    attempts: number,
  ): Promise<readonly number[]> => {
    const from = (address: string) =>
      client.get('/admin/users', { headers: { 'admin-auth': 'wrong', 'x-forwarded-for': address } });
    await statusesOf(attempts, () => from(forwarded));
    return [(await from(forwarded)).status, (await from(newAddress())).status];
  };

  it.each([
    ['false', [429, 429]],
    ['127.0.0.0/8', [429, 401]],
    ['10.0.0.0/8', [429, 429]],
  ])('with CASTELLAN_TRUST_PROXY=%s is believed as far as that says', async (trusted, statuses) => {
    const own = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '1', TRUST_PROXY: trusted });
    try {
      expect(await statusesSeenBy(own.anonymous, newAddress(), 1)).toEqual(statuses);
    } finally {
      await own.stop();
    }
  });

  it.each(['10.0.0.1', 'not an address'])('with CASTELLAN_TRUST_PROXY=1 is believed: %s', async (forwarded) => {
    expect(await statusesSeenBy(api.anonymous, forwarded, 3)).toEqual([429, 401]);
  });
});
