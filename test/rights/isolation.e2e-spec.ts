import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../apps/api/test/api-under-test';
import { publishedOperations } from '../support/published-operations';
import { callerOf, forEachOf } from './caller';
import { furnish, type Furnished } from './furnished';
import { leaksAmong, pry, readings, readOwn } from './prying';

/** What of an organisation nobody else may have changed. */
const stateOf = async ({ admin }: TestOrganisation): Promise<readonly string[]> => {
  const paths = [
    '/api/export',
    '/api/users?p=-1',
    '/api/usergroups?p=-1',
    '/api/assets',
    '/api/org/opa',
    '/api/org/permissions',
  ];
  const lists = ['/api/keys/detailed?p=-1', '/api/apis/deleted', '/api/portal/policies/deleted', '/api/hooks/deleted'];
  return Promise.all([...paths, ...lists].map(async (path) => expectOk(await admin.client.get(path)).text));
};

/** What is of all organisations for super users who name none. */
const everywhere = [...publishedOperations.values()].filter((operation) => operation.everywhere);

/** What adds up numbers without names, or shows one record (apps/api/test/analytics/everywhere.ts). */
const figures = /^\/api\/(usage|activity|errors|uptime|analytics|logs\/)/;

const rightIn = ({ permission }: { readonly permission: string }): readonly (readonly [string, string])[] => {
  const [section = '', level] = permission.split(':');
  return level === undefined ? [] : [[section, level]];
};

/** Reads that are no 200 even to those who may read everything. */
const notRead: Readonly<Record<string, string>> = {
  getCurrentSession: 'a key has no session',
  exportOasApi: 'the example asks for nothing else',
};

let api: ApiUnderTest;

beforeAll(async () => {
  const attempts = { CREDENTIAL_ATTEMPTS: '100000', ADMIN_ATTEMPTS: '100000' };
  // Whole lists on a page.
  api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '250', PAGE_SIZE: '100', ...attempts });
});
afterAll(() => api.stop());

const unread = (answers: Awaited<ReturnType<typeof readOwn>>): readonly string[] =>
  answers
    .filter(({ id, answer }) => answer.status >= 300 && !(id in notRead))
    .map(({ id, answer }) => `${id}: ${answer.text}`);

describe('promise 6: two organisations with the same in each', () => {
  let own: Furnished;
  let other: Furnished;

  beforeAll(async () => {
    own = await furnish(api, await api.organisation());
    other = await furnish(api, await api.organisation());
  });

  it('show each its own, and nothing of the other, to super users who act in it too', async () => {
    const { accessKey } = await api.superUser();
    for (const [mine, theirs, isSuper] of [
      [own, other, false],
      [other, own, false],
      [own, other, true],
    ] as const) {
      const headers = isSuper
        ? { authorization: accessKey, 'x-castellan-organisation': mine.organisation.id }
        : { authorization: mine.organisation.admin.accessKey };
      const answers = await readOwn(callerOf(api, headers), mine);
      expect(unread(answers)).toEqual([]);
      expect(leaksAmong(answers, theirs)).toEqual([]);
      // They do show what is there: the mark stands in most of them.
      expect(leaksAmong(answers, mine).length).toBeGreaterThan(readings.length / 2);
    }
  });

  it('show both to a super user who names neither, in what says that it is of all, and nowhere else', async () => {
    const { accessKey } = await api.superUser();
    const answers = await readOwn(callerOf(api, { authorization: accessKey }), own);
    const shows = (answer: (typeof answers)[number], whose: Furnished) => leaksAmong([answer], whose).length > 0;
    // A refusal names the organisations that there are to choose from.
    const shown = answers.filter(({ answer }) => answer.status < 300);
    const mixing = shown.filter((answer) => shows(answer, own) && shows(answer, other)).map(({ id }) => id);
    const [all, lists] = [everywhere, everywhere.filter(({ path }) => !figures.test(path))].map((some) =>
      some.map(({ id }) => id),
    );
    expect(mixing.filter((id) => all?.includes(id) !== true)).toEqual([]);
    expect(lists?.filter((id) => !mixing.includes(id))).toEqual([]);
    expect(lists?.length).toBeGreaterThan(9);
  });

  it('never show both to anybody else, whatever they name', async () => {
    const { id, admin } = own.organisation;
    const reader = await api.user(id, Object.fromEntries(everywhere.flatMap(rightIn)));
    const { accessKey } = await api.superUser();
    const named = { 'x-castellan-organisation': other.organisation.id };
    for (const headers of [
      { authorization: admin.accessKey },
      { authorization: admin.accessKey, ...named },
      { authorization: reader.accessKey },
      { authorization: accessKey, 'x-castellan-organisation': id },
    ]) {
      const caller = callerOf(api, headers);
      for (const org_id of [undefined, '', other.organisation.id]) {
        // What has no body asks the same whatever a body would say, and so once.
        const asked = everywhere.filter(({ method }) => org_id === undefined || method !== 'GET');
        const body = org_id === undefined ? {} : { body: { org_id, filters: {} } };
        const answers = await forEachOf(asked, async (operation) => ({
          id: operation.id,
          answer: await caller(operation, operation.method === 'GET' ? {} : body),
        }));
        expect(leaksAmong(answers, other)).toEqual([]);
      }
    }
  });

  it('show and change nothing of the other to who knows its ids, names and marks', async () => {
    const before = await stateOf(other.organisation);
    const caller = callerOf(api, { authorization: own.organisation.admin.accessKey });
    expect(await pry(caller, own, other)).toEqual([]);
    expect(await stateOf(other.organisation)).toEqual(before);
  });
});

describe('what others own in the same organisation', () => {
  let hidden: Furnished;
  let free: Furnished;
  let stranger: TestUser;
  let owner: TestUser;

  const everyRight = (): Readonly<Record<string, string>> => {
    const sections = [...publishedOperations.values()].map(({ permission }) => permission.split(':'));
    return Object.fromEntries(
      sections.filter(([, level]) => level !== undefined).map(([section = '']) => [section, 'write']),
    );
  };

  beforeAll(async () => {
    const organisation = await api.organisation({ enable_ownership: true });
    const rights = { ...everyRight(), analytics: 'read' };
    owner = await api.user(organisation.id, rights);
    stranger = await api.user(organisation.id, rights);
    hidden = await furnish(api, organisation, owner.id);
    free = await furnish(api, organisation);
  });

  /** What shows the whole organisation. */
  const forAdministrators = [
    ...['listAuditLogs', 'verifyAuditLogs', 'getAuditLog', 'listImports', 'validateIdentityProvider'],
  ];

  it('is not in anything that somebody without a share in it reads', async () => {
    const answers = await readOwn(callerOf(api, { authorization: stranger.accessKey }), free);
    const withheld = answers.filter(({ answer }) => answer.status === 403).map(({ id }) => id);
    expect(withheld.toSorted()).toEqual(forAdministrators.toSorted());
    expect(unread(answers.filter(({ id }) => !forAdministrators.includes(id)))).toEqual([]);
    expect(leaksAmong(answers, hidden)).toEqual([]);
  });

  it('is in what its owner and administrators read', async () => {
    for (const { accessKey } of [owner, hidden.organisation.admin]) {
      const answers = await readOwn(callerOf(api, { authorization: accessKey }), hidden);
      expect(unread(answers.filter(({ answer }) => answer.status !== 403))).toEqual([]);
      expect(leaksAmong(answers, hidden).length).toBeGreaterThan(readings.length / 3);
    }
  });

  it('is shown and changed to nobody who knows its ids, names and marks', async () => {
    const { client } = hidden.organisation.admin;
    const [apiId = ''] = hidden.things['api'] ?? [];
    const [policyId = ''] = hidden.things['policy'] ?? [];
    const state = async (): Promise<readonly string[]> =>
      Promise.all(
        [`/api/apis/${apiId}`, `/api/portal/policies/${policyId}`].map(
          async (path) => expectOk(await client.get(path)).text,
        ),
      );
    const before = await state();
    expect(await pry(callerOf(api, { authorization: stranger.accessKey }), free, hidden)).toEqual([]);
    expect(await state()).toEqual(before);
  });
});
