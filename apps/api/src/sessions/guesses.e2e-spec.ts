import { Clock } from '@castellan/observability';
import { textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const elsewhere = 'eleven lamps and some entirely other ducks';

/** Two replicas; the one believes what the proxy before it says, the other has none before it. */
describe('guesses at the passwords of people', () => {
  let api: ApiUnderTest;
  let replica: ApiUnderTest;
  let organisation: TestOrganisation;
  /** Stands still until it is moved, so that delays are exact. */
  let now = Date.now();

  beforeAll(async () => {
    api = await ApiUnderTest.start({ TRUST_PROXY: '1', ADMIN_ATTEMPTS: '3' });
    replica = await ApiUnderTest.start({
      DATABASE: new URL(api.config.mongodbUri).pathname.slice(1),
      ADMIN_SECRET: api.config.adminSecret,
      ADMIN_ATTEMPTS: '3',
    });
    for (const { app } of [api, replica]) jest.spyOn(app.get(Clock), 'millis').mockImplementation(() => now);
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

  it('delay who guesses, never longer than a quarter of an hour, and the delay ends by itself', async () => {
    const { email } = await newUser();
    const from = '10.1.0.1';
    for (let free = 0; free < 5; free += 1) expect((await logIn(email, 'wrong', { from })).status).toBe(401);
    let waited = 0;
    for (let failures = 0; failures < 12; failures += 1) {
      expect((await logIn(email, 'wrong', { from })).status).toBe(401);
      const early = await logIn(email, password, { from });
      const seconds = Number(early.headers.get('retry-after'));
      expect([early.status, seconds]).toEqual([429, Math.min(2 ** failures, 900)]);
      now += seconds * 1_000;
      waited = seconds;
    }
    expect(waited).toBe(900);
    expect((await logIn(email, password, { from })).status).toBe(200);
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

  it('are those of one caller, whatever headers say of where they come from', async () => {
    const { email } = await newUser();
    const claims = (index: number) => ({
      ...{ 'x-real-ip': `10.9.0.${index}`, forwarded: `for=10.9.1.${index}`, 'cf-connecting-ip': `10.9.2.${index}` },
      ...{ 'true-client-ip': `10.9.3.${index}`, 'x-client-ip': `10.9.4.${index}` },
    });
    const guess = (at: ApiUnderTest, index: number, forwarded: string) =>
      new Browser(at.anonymous).logIn(
        { email_address: email, password: 'wrong' },
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
  });
});
