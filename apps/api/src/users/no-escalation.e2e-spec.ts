import fc from 'fast-check';
import { listOf, textOf, unique, type HttpClient, type JsonReply, type Reply } from '@castellan/testing';
import { readGrants, rightsOf, union, type Grants } from '@castellan/rbac';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const sections = ['apis', 'keys', 'policies', 'users', 'user_groups', 'idm'] as const;
const password = 'violet anchors hum beneath paper oceans';
const rights: fc.Arbitrary<Grants> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...sections), fc.constantFrom('read', 'write'), { maxKeys: 3 }),
    fc.constantFrom({}, {}, {}, { IsAdmin: 'admin' }, { ResetPassword: 'admin' }),
  )
  .map(([some, flag]) => ({ ...some, ...flag }));

/** Which of so many there are; taken as often round as needed. */
const any = fc.nat(20);

/** Something that somebody tries, whether they may or not. */
const act = fc.record({
  by: any,
  what: fc.constantFrom(
    ...(['user', 'own', 'create', 'join', 'group', 'newGroup', 'key', 'revoke', 'delete', 'activate'] as const),
    ...(['password', 'logIn', 'nonce', 'beginFactor', 'endFactor', 'sessions', 'endSessions', 'allow'] as const),
  ),
  whom: any,
  group: any,
  rights,
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Whoever acts, by a key or by a session. */
type Author = Pick<TestUser, 'id' | 'client'>;

describe('whatever people do who may write users and groups', () => {
  let api: ApiUnderTest;
  let above: TestUser;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ CREDENTIAL_ATTEMPTS: '100000', SECRET_KEY: 'a key that only tests know' });
    above = await api.superUser();
  });
  afterAll(() => api.stop());

  /** What there is to act on, and how people come in by the password that authors set. */
  interface World {
    readonly organisation: TestOrganisation;
    readonly users: string[];
    readonly groups: string[];
  }

  const idsOf = async ({ admin }: TestOrganisation, path: string, name: string): Promise<readonly string[]> =>
    listOf(expectOk(await admin.client.get(`${path}?p=-1`)).json[name]).map((row) => textOf(row['id']));

  /** What a user may now, as the administrator sees it. */
  const heldBy = async ({ admin }: TestOrganisation, id: string): Promise<readonly string[]> => {
    const { json } = expectOk(await admin.client.get(`/api/users/${id}/permissions`));
    const held = listOf(json['permissions']).map((right: JsonReply) => [textOf(right['name']), textOf(right['value'])]);
    return rightsOf(Object.fromEntries(held) as Grants);
  };

  /** What a session may, with the groups that are for it alone; nothing for a key. */
  const heldInSession = async (client: HttpClient): Promise<readonly string[]> => {
    const { status, json } = await client.get('/api/sessions/current');
    if (status !== 200) return [];
    const { grants, problems } = readGrants({ ...json['user_permissions'] });
    expect(problems).toEqual([]);
    return rightsOf(grants);
  };
  /** Somebody stronger, by key and in a browser. */
  const stronger = async ({ id: org_id }: TestOrganisation): Promise<{ strong: TestUser; page: Author }> => {
    const own = `${unique('strong')} words of somebody else`;
    const born = { org_id, email_address: `${unique('s')}@acme.example`, password: own };
    const { json } = expectOk(await api.admin.post('/admin/users', { ...born, user_permissions: { keys: 'write' } }));
    const accessKey = textOf(json['Message']);
    const client = api.anonymous.with({ authorization: accessKey });
    const browser = new Browser(api.anonymous);
    const page = await pageOf(browser, await browser.logIn({ username: born.email_address, password: own }));
    if (page === null) throw new Error('The stronger user did not come in');
    return { strong: { id: textOf(json['Meta']?.['id']), accessKey, client }, page };
  };

  const one = (ids: readonly string[], which: number): string => ids[which % ids.length] ?? '';

  /** A browser that came in, as its pages call; null for one that did not. */
  const pageOf = async (browser: Browser, { status }: Reply): Promise<Author | null> => {
    if (status >= 400) return null;
    const { json } = expectOk(await browser.call('GET', '/api/sessions/current'));
    const token = textOf(json['csrf_token']);
    const page = { origin: browser.origin, 'sec-fetch-site': 'same-origin', 'x-csrf-token': token };
    return { id: textOf(json['user_id']), client: api.anonymous.with({ ...page, cookie: browser.cookieHeader }) };
  };
  const addressOf = async ({ admin }: TestOrganisation, id: string): Promise<string> =>
    textOf((await admin.client.get(`/api/users/${id}`)).json['email_address'] ?? 'nobody@acme.example');
  /** By the password that authors set, if it is that of the user. */
  const logIn = async (organisation: TestOrganisation, whom: string): Promise<Author | null> => {
    const browser = new Browser(api.anonymous);
    const email = await addressOf(organisation, whom);
    return pageOf(browser, await browser.logIn({ email_address: email, password, org_id: organisation.id }));
  };
  const tap = async (made: Reply): Promise<Author | null> => {
    if (made.status !== 200) return null;
    const browser = new Browser(api.anonymous);
    const nonce = encodeURIComponent(textOf(made.json['Meta']));
    return pageOf(browser, await browser.call('GET', `/tap?nonce=${nonce}`));
  };

  const attempt = async ({ organisation, users, groups }: World, authors: Author[], tried: Act): Promise<void> => {
    const author = authors[tried.by % authors.length];
    if (author === undefined) return;
    const { client } = author;
    const whom = one([...users, above.id], tried.whom);
    const group = one(groups, tried.group);
    const given = { user_permissions: tried.rights };
    const born = { email_address: `${unique('u')}@acme.example` };
    const own = async (made: ReturnType<typeof client.post>): Promise<void> => {
      const { status, json } = await made;
      if (status !== 200) return;
      // Whoever is shown a key has the user: from now on an author too.
      const accessKey = textOf(json['AccessKey']);
      const id = typeof json['Meta'] === 'string' ? json['Meta'] : whom;
      authors.push({ id, client: api.anonymous.with({ authorization: accessKey }) });
      if (!users.includes(id)) users.push(id);
    };
    /** What is gone is not tried again. */
    const gone = ({ status }: Reply, from: string[], id: string): void => {
      if (status === 200) from.splice(from.indexOf(id), 1);
    };
    const come = async (made: Promise<Author | null>): Promise<void> => {
      const came = await made;
      if (came !== null) authors.push(came);
    };
    const proof = { current_password: password };
    const acts: Readonly<Record<Act['what'], () => Promise<unknown>>> = {
      user: () => client.put(`/api/users/${whom}`, given),
      own: () => client.put(`/api/users/${author.id}`, given),
      create: () => own(client.post('/api/users', { ...born, ...given, group_ids: tried.group % 2 ? [group] : [] })),
      join: () => client.put(`/api/users/${whom}`, { group_ids: [group] }),
      group: () => client.put(`/api/usergroups/${group}`, given),
      newGroup: async () => {
        const { status, json } = await client.post('/api/usergroups', { name: unique('g'), ...given });
        if (status === 200) groups.push(textOf(json['Meta']));
      },
      key: () => own(client.put(`/api/users/${whom}/actions/key/reset`, proof)),
      revoke: () => client.put(`/api/users/${whom}/actions/revoke`),
      delete: async () => {
        if (tried.group % 2) gone(await client.delete(`/api/users/${whom}`), users, whom);
        else gone(await client.delete(`/api/usergroups/${group}`), groups, group);
      },
      password: () => client.post(`/api/users/${whom}/actions/reset`, { new_password: password, ...proof }),
      logIn: () => come(logIn(organisation, whom)),
      nonce: async () => {
        const email = await addressOf(organisation, whom);
        const named = { ForSection: 'dashboard', OrgID: organisation.id, EmailAddress: email, GroupID: group };
        await come(tap(await client.post('/api/sso', named)));
      },
      beginFactor: () => client.post(`/api/users/${whom}/second-factor`, proof),
      endFactor: () => client.delete(`/api/users/${whom}/second-factor`, { body: proof }),
      sessions: () => client.get(`/api/sessions?user_id=${whom}`),
      endSessions: () => client.delete(`/api/sessions?user_id=${whom}`),
      allow: () => client.put(`/admin/users/${whom}/actions/allow_reset_passwords`),
      activate: () => client.put(`/api/usergroups/${group}`, { active: tried.group % 2 === 0 }),
    };
    await acts[tried.what]();
  };

  it('nobody of them ends with more rights than they had together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 8, maxLength: 16 }), async (acts) => {
        const organisation = await api.organisation();
        const { client } = organisation.admin;
        const first: readonly Grants[] = [
          { users: 'write', apis: 'read' },
          { user_groups: 'write', users: 'write', policies: 'read', idm: 'write' },
          { users: 'write', apis: 'read', policies: 'read', ResetPassword: 'admin' },
        ];
        const groupsOf = [
          [true, { keys: 'write' }],
          [false, { IsAdmin: 'admin' }],
          [true, { apis: 'read' }],
        ] as const;
        const [{ strong, page }, groups, authors] = await Promise.all([
          stronger(organisation),
          Promise.all(
            groupsOf.map(async ([active, grants]) => {
              const group = { name: unique('g'), active, user_permissions: grants };
              return textOf(expectOk(await client.post('/api/usergroups', group)).json['Meta']);
            }),
          ),
          Promise.all(first.map((grants): Promise<Author> => api.user(organisation.id, { ...grants }))),
        ]);
        const users = [organisation.admin.id, strong.id, ...authors.map(({ id }) => id)];
        const world: World = { organisation, users, groups };
        const together = rightsOf(union(first));
        for (const tried of acts) await attempt(world, authors, tried);
        // What the stronger ones have is theirs still, their credentials too.
        expect((await strong.client.get('/api/users/me')).status).toBe(200);
        expect((await client.get('/api/users/me')).status).toBe(200);
        const there = { headers: { 'x-castellan-organisation': organisation.id } };
        expect((await above.client.get('/api/users/me', there)).status).toBe(200);
        expect((await page.client.get('/api/users/me')).status).toBe(200);
        for (const { client: author } of authors) {
          const me = await author.get('/api/users/me');
          if (me.status !== 200) continue;
          expect([above.id, strong.id, organisation.admin.id]).not.toContain(textOf(me.json['id']));
          const held = await heldBy(organisation, textOf(me.json['id']));
          expect([...held, ...(await heldInSession(author))].filter((right) => !together.includes(right))).toEqual([]);
        }
        for (const id of await idsOf(organisation, '/api/users', 'users')) {
          if (id === strong.id || id === organisation.admin.id) continue;
          expect((await heldBy(organisation, id)).filter((right) => !together.includes(right))).toEqual([]);
        }
      }),
      { numRuns: 5 },
    );
  });
});
