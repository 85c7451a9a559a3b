import { ApiUnderTest } from '../../test/api-under-test';

describe('wrong admin secrets', () => {
  let api: ApiUnderTest;

  beforeEach(async () => {
    api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '3', TRUST_PROXY: 'true' });
  });
  afterEach(() => api.stop());

  const guess = (secret: string, address = '10.0.0.1') =>
    api.anonymous.get('/admin/organisations', { headers: { 'admin-auth': secret, 'x-forwarded-for': address } });

  it('are refused with 401 a few times, then with 429 and how long to wait', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) statuses.push((await guess('wrong')).status);
    expect(statuses).toEqual([401, 401, 401]);
    const reply = await guess('wrong');
    expect([reply.status, reply.json['Code'], reply.json['Status']]).toEqual([429, 'too_many_attempts', 'Error']);
    const seconds = Number(reply.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it('cannot be guessed on after that: the right secret is refused like the wrong ones', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await guess('wrong');
    expect((await guess(api.config.adminSecret)).status).toBe(429);
  });

  it('count a missing secret, too', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await guess('');
    expect((await guess('')).status).toBe(429);
  });

  it('are counted for each address, and right ones not at all', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await guess(api.config.adminSecret)).status).toBe(200);
    for (let attempt = 0; attempt < 4; attempt += 1) await guess('wrong');
    expect((await guess(api.config.adminSecret, '10.0.0.2')).status).toBe(200);
    expect((await guess(api.config.adminSecret)).status).toBe(429);
  });

  it('are counted for all replicas together', async () => {
    const { mongodbUri, redisUrl, adminSecret, nodeSecret } = api.config;
    const replica = await ApiUnderTest.start({
      DATABASE: new URL(mongodbUri).pathname.slice(1),
      REDIS_URL: redisUrl,
      ADMIN_SECRET: adminSecret,
      NODE_SECRET: nodeSecret,
      ADMIN_ATTEMPTS: '3',
      TRUST_PROXY: 'true',
    });
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) await guess('wrong');
      const reply = await replica.anonymous.get('/admin/organisations', {
        headers: { 'admin-auth': adminSecret, 'x-forwarded-for': '10.0.0.1' },
      });
      expect(reply.status).toBe(429);
    } finally {
      await replica.stop();
    }
  });

  it('believe no X-Forwarded-For unless a proxy is to be trusted', async () => {
    const direct = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '1', TRUST_PROXY: 'false' });
    try {
      const from = (address: string) =>
        direct.anonymous.get('/admin/users', { headers: { 'admin-auth': 'wrong', 'x-forwarded-for': address } });
      expect((await from('10.0.0.1')).status).toBe(401);
      expect((await from('10.0.0.2')).status).toBe(429);
    } finally {
      await direct.stop();
    }
  });
});
