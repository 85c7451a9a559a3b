import { Clock } from '@castellan/observability';
import { listOf, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const elsewhere = 'eleven lamps and some entirely other ducks';

/** Two replicas; the one believes what the proxy before it says, the other has none before it. */
describe('guesses at the passwords of people', () => {
  let api: ApiUnderTest;
  let replica: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ TRUST_PROXY: '1', ADMIN_ATTEMPTS: '3' });
    replica = await ApiUnderTest.start({
      DATABASE: new URL(api.config.mongodbUri).pathname.slice(1),
      ADMIN_SECRET: api.config.adminSecret,
      ADMIN_ATTEMPTS: '3',
    });
    // Time stands still, so that no delay ends while it is looked at.
    const now = Date.now();
    for (const { app } of [api, replica]) jest.spyOn(app.get(Clock), 'millis').mockReturnValue(now);
    organisation = await api.organisation();
  });
  afterAll(async () => {
    await replica.stop();
    await api.stop();
  });

  const newUser = async (fields: Readonly<Record<string, unknown>> = {}) => {
    const email = `${unique('user')}@acme.example`;
    const common = { email_address: email, org_id: organisation.id, password, user_permissions: { apis: 'read' } };
    const { json } = expectOk(await api.admin.post('/admin/users', { ...common, ...fields }));
    const client = api.anonymous.with({ authorization: textOf(json['Message']) });
    return { email: textOf(fields['email_address'] ?? email), id: textOf(json['Meta']?.['id']), client };
  };
  const outcome = ({ status, json }: Reply) => [status, json['Code']];
  const logIn = (
    email: string,
    secret: string,
    { from = '10.0.0.1', org, at = api, own = new Browser(at.anonymous) }: Where = {},
  ): Promise<Reply> => own.logIn({ email_address: email, password: secret, org_id: org }, { 'x-forwarded-for': from });
  interface Where {
    readonly from?: string;
    readonly org?: string;
    readonly at?: ApiUnderTest;
    readonly own?: Browser;
  }

  it('of which 100 come at once to two replicas are judged as far as they are free, and the right one among the rest is not', async () => {
    const { email } = await newUser();
    const from = '127.0.0.1';
    const burst = await Promise.all(
      Array.from({ length: 100 }, (_, index) => logIn(email, 'wrong', { from, at: index % 2 === 0 ? api : replica })),
    );
    const statuses = burst.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(6);
    expect(statuses.filter((status) => status === 429)).toHaveLength(94);
    for (const at of [api, replica]) expect(outcome(await logIn(email, password, { from, at }))[0]).toBe(429);
  });

  it('of a stranger leave the last administrator the open session, the key and the login from elsewhere', async () => {
    const alone = await api.organisation();
    const last = await newUser({ org_id: alone.id, user_permissions: { IsAdmin: 'admin' } });
    expectOk(await api.admin.delete(`/admin/users/${alone.admin.id}`));
    const open = new Browser(api.anonymous);
    expectOk(await logIn(last.email, password, { from: '10.2.0.1', own: open }));
    const stranger = () => logIn(last.email, 'wrong', { from: '10.2.0.9' });
    await Promise.all(Array.from({ length: 60 }, stranger));
    expect((await stranger()).status).toBe(429);
    expect((await open.call('GET', '/api/users')).status).toBe(200);
    expect((await last.client.get('/api/users')).status).toBe(200);
    expect((await logIn(last.email, password, { from: '10.2.0.2' })).status).toBe(200);
    // The browser that came in before is known even beside the stranger.
    expect((await logIn(last.email, password, { from: '10.2.0.9', own: open })).status).toBe(200);
  });

  it('are forgiven by whoever gives the account a new password, and by nobody who takes an own one', async () => {
    const { email, id, client } = await newUser();
    const guess = (secret: string) => logIn(email, secret, { from: '10.2.1.1' });
    for (let failure = 0; failure < 6; failure += 1) await guess('wrong');
    expect((await guess(password)).status).toBe(429);
    expectOk(await client.post('/api/users/me/actions/reset', { new_password: elsewhere }));
    expect((await guess(elsewhere)).status).toBe(429);
    const renewed = `${unique('renewed')} harbour furniture`;
    expectOk(await organisation.admin.client.post(`/api/users/${id}/actions/reset`, { new_password: renewed }));
    expect((await guess(renewed)).status).toBe(200);
  });

  it('are those of one caller, whatever headers say of where they come from and however the address is spelt', async () => {
    const { email } = await newUser();
    const claims = (index: number) => ({
      ...{ 'x-real-ip': `10.9.0.${index}`, forwarded: `for=10.9.1.${index}`, 'cf-connecting-ip': `10.9.2.${index}` },
      ...{ 'true-client-ip': `10.9.3.${index}`, 'x-client-ip': `10.9.4.${index}` },
    });
    const spelt = [email, email.toUpperCase(), ` ${email}`, email.replace('u', '\uFF55'), email.replace('s', '\u017F')];
    const guess = (at: ApiUnderTest, index: number, forwarded: string) =>
      new Browser(at.anonymous).logIn(
        { email_address: spelt[index % spelt.length], password: 'wrong' },
        { ...claims(index), 'x-forwarded-for': forwarded },
      );
    const statuses = async (at: ApiUnderTest, forwarded: (index: number) => string) => {
      const all: number[] = [];
      for (let index = 1; index <= 7; index += 1) all.push((await guess(at, index, forwarded(index))).status);
      return all;
    };
    const limited = [401, 401, 401, 401, 401, 401, 429];
    // With a proxy before it: what stands to the left of its own word is the caller's, and an IPv6 network is one caller.
    expect(await statuses(api, (index) => `10.9.9.${index}, 10.4.0.1`)).toEqual(limited);
    expect(await statuses(api, (index) => `2001:db8:4:1:${index}::${index}`)).toEqual(limited);
    // Without one all of it is.
    expect(await statuses(replica, (index) => `10.9.9.${index}`)).toEqual(limited);
  });

  it('of one person behind an address do not delay the others there, and proxies that are not believed are warned of once', async () => {
    const [one, two] = [await newUser(), await newUser()];
    const at = replica;
    for (let failure = 0; failure < 7; failure += 1) await logIn(one.email, 'wrong', { at, from: `10.5.0.${failure}` });
    expect((await logIn(one.email, password, { at, from: '10.5.0.1' })).status).toBe(429);
    expect((await logIn(two.email, password, { at, from: '10.5.0.2' })).status).toBe(200);
    const warnings = replica.logged().match(/CASTELLAN_TRUST_PROXY/g);
    expect(warnings).toHaveLength(1);
    expect(api.logged()).not.toContain('CASTELLAN_TRUST_PROXY');
  });

  describe('where users of two organisations have the same address', () => {
    let other: TestOrganisation;
    let shared: string;
    let idThere: string;

    beforeEach(async () => {
      other = await api.organisation();
      shared = `${unique('both')}@acme.example`;
      await newUser({ email_address: shared });
      idThere = (await newUser({ email_address: shared, org_id: other.id, password: elsewhere })).id;
    });

    it('the password of one opens nothing of the other, and a new one in one is none in the other', async () => {
      const openedBy = async (secret: string, org?: string) => {
        const reply = await logIn(shared, secret, { ...(org === undefined ? {} : { org }) });
        return reply.status === 200 ? reply.json['Meta']?.['org_id'] : outcome(reply);
      };
      const [here, there] = [organisation.id, other.id];
      const refused = [401, 'unauthorised'];
      expect([await openedBy(password), await openedBy(elsewhere)]).toEqual([here, there]);
      expect([await openedBy(password, there), await openedBy(elsewhere, here)]).toEqual([refused, refused]);
      const renewed = { new_password: `${unique('renewed')} harbour furniture` };
      const path = `/api/users/${idThere}/actions/reset`;
      expect((await organisation.admin.client.post(path, renewed)).status).toBe(404);
      expectOk(await other.admin.client.post(path, renewed));
      expect(await openedBy(renewed.new_password)).toBe(there);
      expect([await openedBy(password), await openedBy(elsewhere)]).toEqual([here, refused]);
    });

    it.each([
      ['the same browser', 200],
      ['another browser each time', 429],
    ])('failures at the one are not forgiven for the password of the other, from %s', async (browser, last) => {
      const own = browser === 'the same browser' ? { own: new Browser(api.anonymous) } : {};
      const said = (org?: string) => ({
        ...own,
        from: last === 200 ? '10.6.0.1' : '10.6.0.2',
        ...(org === undefined ? {} : { org }),
      });
      const statuses: number[] = [];
      for (const org of [organisation.id, undefined, organisation.id]) {
        for (const guess of ['one guess', 'two guesses']) statuses.push((await logIn(shared, guess, said(org))).status);
        statuses.push((await logIn(shared, elsewhere, said(other.id))).status);
      }
      expect(statuses).toEqual([401, 401, 200, 401, 401, 200, 401, 401, last]);
      const path = `/api/users/${idThere}/actions/reset`;
      expectOk(await other.admin.client.post(path, { new_password: `${unique('renewed')} harbour furniture` }));
      expect((await logIn(shared, 'three guesses', said(organisation.id))).status).toBe(429);
    });

    it('the key of the one vouches for no guess at the other', async () => {
      const { json } = expectOk(await other.admin.client.put(`/api/users/${idThere}/actions/key/reset`));
      const headers = { authorization: textOf(json['AccessKey']), 'x-forwarded-for': '10.6.0.3' };
      const guess = (org_id?: string) =>
        new Browser(api.anonymous).logIn({ email_address: shared, password: 'a guess', org_id }, headers);
      for (let failure = 0; failure < 6; failure += 1) expect((await guess()).status).toBe(401);
      expect((await guess()).status).toBe(429);
      expect((await guess(organisation.id)).status).toBe(429);
      expect((await guess(other.id)).status).toBe(401);
    });
  });

  it('leave one record each while they are judged and one for each delay, with the same form for names that nobody has', async () => {
    const { email } = await newUser();
    const nobody = `${unique('nobody')}@acme.example`;
    const recordsOf = async (name: string, from: string) => {
      for (let failure = 0; failure < 6; failure += 1) await logIn(name, 'a wrong guess', { from });
      for (let early = 0; early < 5; early += 1)
        expect((await logIn(name, 'a wrong guess', { from })).status).toBe(429);
      const { json, text } = expectOk(await api.admin.get(`/admin/audit-logs?p=-1&ip=${from}`));
      expect(text).not.toContain('a wrong guess');
      return listOf(json['audit_logs']).map((record) => {
        expect(record).toMatchObject({
          user: name,
          action: 'Login',
          method: 'POST',
          url: '/login',
          ip: from,
          diff: null,
        });
        return textOf(record['refusal']);
      });
    };
    const [known, unknown] = [await recordsOf(email, '10.7.0.1'), await recordsOf(nobody, '10.7.0.2')];
    expect(known).toEqual([
      'too_many_attempts: has to wait',
      ...Array.from({ length: 6 }, () => 'unauthorised: wrong address or password'),
    ]);
    expect(unknown).toEqual(known);
  });
});
