import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { eventually, listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { TcpProxy } from '../../../../test/support/tcp-proxy';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { Browser } from '../../test/browser';
import { setupTokenOf } from './setup-token';

const password = 'violet anchors hum beneath paper oceans';

const someone = (fields: Readonly<Record<string, unknown>> = {}) => ({
  owner_name: unique('org'),
  email_address: `${unique('ada')}@acme.example`,
  ...fields,
});

const counts = async (client: HttpClient) => [
  listOf((await client.get('/admin/organisations?p=-1')).json['organisations']).length,
  listOf((await client.get('/admin/users?p=-1')).json['users']).length,
];

describe('the first run', () => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '100' });
  });
  afterAll(() => api.stop());

  /** Nothing of the first run is kept elsewhere than here, so that each test has a new installation. */
  beforeEach(async () => {
    const { db } = api.app.get<Connection>(getConnectionToken());
    for (const name of ['installation', 'organisations', 'users']) await db?.collection(name).deleteMany({});
  });

  const needed = async () => expectOk(await api.anonymous.get('/api/setup')).json['needed'];

  it('makes one organisation and one administrator, once and for ever', async () => {
    expect(await needed()).toBe(true);
    const token = setupTokenOf(api.config.adminSecret);
    const refusals = [
      [{ token: 'wrong' }, 401],
      [{ token, email_address: 'nobody' }, 400],
      [{ token, password: 'short' }, 400],
      [{}, 400],
    ] as const;
    for (const [fields, status] of refusals) {
      expect((await api.anonymous.post('/api/setup', someone(fields))).status).toBe(status);
    }
    const foreign = { headers: { origin: 'https://evil.example' } };
    expect((await api.anonymous.post('/api/setup', someone({ token }), foreign)).status).toBe(403);
    expect(await counts(api.admin)).toEqual([0, 0]);

    const browsers = Array.from({ length: 20 }, () => new Browser(api.anonymous));
    const replies = await Promise.all(
      browsers.map((browser) => browser.call('POST', '/api/setup', someone({ token }))),
    );
    const statuses = replies.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    expect(await counts(api.admin)).toEqual([1, 1]);
    expect(await needed()).toBe(false);

    const winner = statuses.indexOf(200);
    const reply = replies[winner];
    const key = api.anonymous.with({ authorization: textOf(reply?.json['Message']) });
    expect((await key.get('/api/apis')).status).toBe(200);
    expect((await browsers[winner]?.call('GET', '/api/apis'))?.status).toBe(200);

    expectOk(await api.remove(textOf(reply?.json['Meta']?.['org_id'])));
    expect(await counts(api.admin)).toEqual([0, 0]);
    const again = await api.anonymous.post('/api/setup', someone({ token }));
    expect([again.status, again.json['Code'], await needed()]).toEqual([409, 'set_up_already', false]);
  });

  it('is told by the log with its token, until it is over: then a restart tells nothing, and refuses it still', async () => {
    const token = setupTokenOf(api.config.adminSecret);
    expect(api.logged()).toContain(`"setupToken":"${token}"`);
    const founded = expectOk(await new Browser(api.anonymous).call('POST', '/api/setup', someone({ token })));
    expectOk(await api.remove(textOf(founded.json['Meta']?.['org_id'])));
    const { mongodbUri, adminSecret } = api.config;
    const DATABASE = new URL(mongodbUri).pathname.slice(1);
    const again = await ApiUnderTest.start({ DATABASE, ADMIN_SECRET: adminSecret });
    try {
      expect((await again.anonymous.post('/api/setup', someone({ token }))).status).toBe(409);
      expect(expectOk(await again.anonymous.get('/api/setup')).json['needed']).toBe(false);
      expect(again.logged()).not.toContain('setupToken');
    } finally {
      await again.stop();
    }
  });

  it('is over when the operator has made an organisation', async () => {
    await api.organisation();
    const token = setupTokenOf(api.config.adminSecret);
    expect((await api.anonymous.post('/api/setup', someone({ token }))).status).toBe(409);
    expect(await needed()).toBe(false);
  });

  it('is what POST /admin/bootstrap does for the operator, as often as wanted and never by halves', async () => {
    const good = someone({ password, first_name: 'Ada' });
    expect((await api.anonymous.post('/admin/bootstrap', good)).status).toBe(401);
    for (const [field, value] of Object.entries({ email_address: 'nobody', password: 'short', owner_name: '' })) {
      const reply = await api.admin.post('/admin/bootstrap', { ...good, [field]: value });
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, field]);
    }
    expect(await counts(api.admin)).toEqual([0, 0]);
    const founded = expectOk(await api.admin.post('/admin/bootstrap', good));
    expect(await needed()).toBe(false);
    expectOk(await api.admin.post('/admin/bootstrap', someone()));
    expect(await counts(api.admin)).toEqual([2, 2]);
    const login = await new Browser(api.anonymous).logIn({ email_address: good.email_address, password });
    expect(login.json['Meta']?.['org_id']).toBe(founded.json['Meta']?.['org_id']);
    expect(login.json['Meta']?.['user_permissions']).toEqual({ IsAdmin: 'admin', ResetPassword: 'admin' });
  });
});

describe('the first run of an installation whose database goes away', () => {
  it('stays shut while the database is away, and is as it was afterwards', async () => {
    const uri = freshDatabaseUri({ serverSelectionTimeoutMS: '700', heartbeatFrequencyMS: '500' });
    const database = await TcpProxy.before(uri);
    const shaky = await ApiUnderTest.start({ MONGODB_URI: database.through(uri) });
    const token = setupTokenOf(shaky.config.adminSecret);
    try {
      await database.cut();
      const replies = await Promise.all([
        shaky.anonymous.get('/api/setup'),
        shaky.anonymous.post('/api/setup', someone({ token })),
        shaky.anonymous.post('/api/setup', someone({ token: 'wrong' })),
      ]);
      expect(replies.map(({ status }) => status)).toEqual([503, 503, 503]);
      await database.mend();
      await eventually(async () => (await shaky.anonymous.get('/health/ready')).status === 200);
      expect(await counts(shaky.admin)).toEqual([0, 0]);
      expectOk(await shaky.anonymous.post('/api/setup', someone({ token })));
      expect(await counts(shaky.admin)).toEqual([1, 1]);
    } finally {
      await database.mend();
      await shaky.stop();
      await database.cut();
    }
  });
});
