import fc from 'fast-check';
import { listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { rightsOf, union, type Grants } from '@castellan/rbac';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';

const sections = ['apis', 'keys', 'policies', 'users', 'user_groups'] as const;
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
  what: fc.constantFrom('user', 'own', 'create', 'join', 'group', 'newGroup', 'key', 'revoke', 'delete', 'activate'),
  whom: any,
  group: any,
  rights,
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

describe('whatever people do who may write users and groups', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ CREDENTIAL_ATTEMPTS: '100000' });
  });
  afterAll(() => api.stop());

  const idsOf = async ({ admin }: TestOrganisation, path: string, name: string): Promise<readonly string[]> =>
    listOf(expectOk(await admin.client.get(`${path}?p=-1`)).json[name]).map((row) => textOf(row['id']));

  /** What a user may now, as the administrator sees it. */
  const heldBy = async ({ admin }: TestOrganisation, id: string): Promise<readonly string[]> => {
    const { json } = expectOk(await admin.client.get(`/api/users/${id}/permissions`));
    const held = listOf(json['permissions']).map((right: JsonReply) => [textOf(right['name']), textOf(right['value'])]);
    return rightsOf(Object.fromEntries(held) as Grants);
  };

  const one = (ids: readonly string[], which: number): string => ids[which % ids.length] ?? '';

  const attempt = async (organisation: TestOrganisation, authors: TestUser[], tried: Act): Promise<void> => {
    const author = authors[tried.by % authors.length];
    if (author === undefined) return;
    const { client } = author;
    const whom = one(await idsOf(organisation, '/api/users', 'users'), tried.whom);
    const group = one(await idsOf(organisation, '/api/usergroups', 'groups'), tried.group);
    const given = { user_permissions: tried.rights };
    const born = { email_address: `${unique('u')}@acme.example` };
    const own = async (made: ReturnType<typeof client.post>): Promise<void> => {
      const { status, json } = await made;
      if (status !== 200) return;
      // Whoever is shown a key has the user: from now on an author too.
      const accessKey = textOf(json['AccessKey']);
      const id = typeof json['Meta'] === 'string' ? json['Meta'] : whom;
      authors.push({ id, accessKey, client: api.anonymous.with({ authorization: accessKey }) });
    };
    const acts: Readonly<Record<Act['what'], () => Promise<unknown>>> = {
      user: () => client.put(`/api/users/${whom}`, given),
      own: () => client.put(`/api/users/${author.id}`, given),
      create: () => own(client.post('/api/users', { ...born, ...given, group_ids: tried.group % 2 ? [group] : [] })),
      join: () => client.put(`/api/users/${whom}`, { group_ids: [group] }),
      group: () => client.put(`/api/usergroups/${group}`, given),
      newGroup: () => client.post('/api/usergroups', { name: unique('g'), ...given }),
      key: () => own(client.put(`/api/users/${whom}/actions/key/reset`)),
      revoke: () => client.put(`/api/users/${whom}/actions/revoke`),
      delete: () => client.delete(tried.group % 2 ? `/api/users/${whom}` : `/api/usergroups/${group}`),
      activate: () => client.put(`/api/usergroups/${group}`, { active: tried.group % 2 === 0 }),
    };
    await acts[tried.what]();
  };

  it('nobody of them ends with more rights than they had together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 25 }), async (acts) => {
        const organisation = await api.organisation();
        const { client } = organisation.admin;
        const first: readonly Grants[] = [
          { users: 'write', apis: 'read' },
          { user_groups: 'write', users: 'write', policies: 'read' },
        ];
        const authors = await Promise.all(first.map((grants) => api.user(organisation.id, { ...grants })));
        const strong = await api.user(organisation.id, { keys: 'write' });
        for (const [active, grants] of [
          [true, { keys: 'write' }],
          [false, { IsAdmin: 'admin' }],
          [true, { apis: 'read' }],
        ] as const) {
          expectOk(await client.post('/api/usergroups', { name: unique('g'), active, user_permissions: grants }));
        }
        const together = rightsOf(union(first));
        for (const tried of acts) await attempt(organisation, authors, tried);
        // What the stronger ones have is theirs still, their credentials too.
        expect((await strong.client.get('/api/users/me')).status).toBe(200);
        expect((await client.get('/api/users/me')).status).toBe(200);
        for (const { client: author } of authors) {
          const me = await author.get('/api/users/me');
          if (me.status !== 200) continue;
          const held = await heldBy(organisation, textOf(me.json['id']));
          expect(held.filter((right) => !together.includes(right))).toEqual([]);
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
