import { textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

describe('two replicas', () => {
  let here: ApiUnderTest;
  let there: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    here = await ApiUnderTest.start();
    there = await ApiUnderTest.start({ DATABASE: new URL(here.config.mongodbUri).pathname.slice(1) });
    organisation = await here.organisation();
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  /** A user with a key and an open session, both of which the other replica has answered. */
  const someoneIn = async () => {
    const { id, accessKey } = await here.user(organisation.id, { apis: 'read' });
    const client = there.anonymous.with({ authorization: accessKey });
    const password = `${unique('horse')} battery`;
    expectOk(await client.post(`/api/users/${id}/actions/reset`, { new_password: password }));
    const username = textOf(expectOk(await client.get('/api/users/me')).json['email_address']);
    const browser = new Browser(there.anonymous);
    expectOk(await browser.logIn({ username, password, org_id: organisation.id }));
    expectOk(await browser.call('GET', '/api/apis'));
    return { id, username, client, browser };
  };
  type Someone = Awaited<ReturnType<typeof someoneIn>>;

  const admin = () => organisation.admin.client;
  it.each<[string, ({ id, username }: Someone) => Promise<unknown>]>([
    ['revoked', async ({ id }) => expectOk(await admin().put(`/api/users/${id}/actions/revoke`))],
    [
      'switched off',
      async ({ id, username }) =>
        expectOk(await admin().put(`/api/users/${id}`, { email_address: username, active: false })),
    ],
    ['deleted', async ({ id }) => expectOk(await admin().delete(`/api/users/${id}`))],
  ])('refuse the next call of who was %s on the other, by key and by session', async (_, end) => {
    const someone = await someoneIn();
    await end(someone);
    expect((await someone.client.get('/api/apis')).status).toBe(401);
    expect((await someone.browser.call('GET', '/api/apis')).status).toBe(401);
  });

  it('do not find the sessions open again of who comes back', async () => {
    const { id, username, browser } = await someoneIn();
    for (const active of [false, true]) {
      expectOk(await admin().put(`/api/users/${id}`, { email_address: username, active }));
    }
    expect((await browser.call('GET', '/api/apis')).status).toBe(401);
    expect((await browser.logIn({ username, password: 'something else' })).status).toBe(401);
  });

  it.each(['GET', 'POST'])(
    'open nothing any more with the cookie of a session that %s /logout has ended',
    async (method) => {
      const { browser } = await someoneIn();
      const cookie = browser.cookieHeader;
      const replay = async () =>
        Promise.all(
          [here, there].map(
            async (replica) => (await replica.anonymous.get('/api/apis', { headers: { cookie } })).status,
          ),
        );
      expect(await replay()).toEqual([200, 200]);
      const ended = await browser.call(method, '/logout');
      expect(ended.status).toBe(method === 'GET' ? 302 : 200);
      expect(ended.headers.getSetCookie().join()).toMatch(/castellan-session=;/);
      expect(await replay()).toEqual([401, 401]);
      const again = await browser.call(method, '/logout', undefined, { cookie });
      expect(again.status).toBe(ended.status);
      expect(await replay()).toEqual([401, 401]);
    },
  );

  it('take a right away from key and session with the next call on the other', async () => {
    const { id, username, client, browser } = await someoneIn();
    const less = { email_address: username, user_permissions: { hooks: 'read' } };
    expectOk(await admin().put(`/api/users/${id}`, less));
    expect((await client.get('/api/apis')).status).toBe(403);
    expect((await browser.call('GET', '/api/apis')).status).toBe(403);
  });
});
