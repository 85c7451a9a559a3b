import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import type { Redis } from 'ioredis';
import { allKinds } from '@castellan/persistence';
import { REDIS } from '@castellan/delivery';
import { textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../apps/api/test/api-under-test';
import { Browser } from '../../apps/api/test/browser';
import { publishedOperations, type PublishedOperation } from '../support/published-operations';
import { callerOf, forEachOf, type Caller, type Said } from './caller';
import { furnish, namesOf, namesThings, type Furnished } from './furnished';

/** Of the name and the form of a real one. */
const wrongCookie = `castellan-session=${'w'.repeat(43)}`;
const ownPage = { 'sec-fetch-site': 'same-origin', 'x-csrf-token': 't'.repeat(32) };

const operations = [...publishedOperations.values()];
const planeOf = ({ permission }: PublishedOperation): string =>
  ['public', 'operator', 'node'].includes(permission) ? permission : 'organisation';
const ofPlane = (...planes: readonly string[]): readonly PublishedOperation[] =>
  operations.filter((operation) => planes.includes(planeOf(operation)));
const guarded = ofPlane('operator', 'node', 'organisation');
const organisations = ofPlane('organisation');
const sectionOf = ({ permission }: PublishedOperation): string => permission.split(':')[0] ?? '';
const isWrite = ({ permission }: PublishedOperation): boolean => permission.endsWith(':write');

/** What every user of an organisation may call, whatever their rights, each for a reason of its own. */
const forEverybody: Readonly<Record<string, string>> = {
  getCurrentUser: 'oneself',
  listPermissions: 'what rights there are is no secret',
  listSessions: 'one’s own sessions',
  endSessions: 'one’s own sessions',
  endSession: 'one’s own session; that of somebody else is a 404',
  getCurrentSession: 'one’s own session; a key has none, which is a 404',
};

/** Where another organisation’s id is not answered by a 404, each as an id that nobody has is answered. */
const notFoundElsewise: Readonly<Record<string, string>> = {
  getOasApi: 'tyk-sync goes by the 400 of the original',
  getStreamsApi: 'as the one of OAS APIs',
  exportOasApi: 'as the one of OAS APIs',
  getApiUrl: 'a 400 in the words of the original',
  beginSecondFactor: 'only one’s own: a 403 whoever it is',
  confirmSecondFactor: 'only one’s own: a 403 whoever it is',
  invalidateJwksCache: 'a 403 in the words of the original',
  listKeysOfApi: 'an API without keys, as the original says it',
  searchKeysOfApi: 'as the list',
  createCustomKey: 'the path has the name that the new key is to get',
  usageOfApi: 'figures of an API that had no requests',
  listOAuthClients: 'a 400 in the words of the original',
  createOAuthClient: 'a 400 in the words of the original',
  validateOAuthClient: 'a 400 in the words of the original',
  listOAuthClientRevisions: 'a 400 in the words of the original',
  getOAuthClientRevision: 'a 400 in the words of the original',
  deleteOAuthClient: 'a 400 in the words of the original',
  getOAuthClient: 'a 400 in the words of the original',
  updateOAuthClient: 'a 400 in the words of the original',
  rotateOAuthClientSecret: 'a 400 in the words of the original',
  revokeOAuthTokens: 'a 400 in the words of the original',
  listOAuthTokens: 'a 400 in the words of the original',
  revokeOAuthToken: 'a 400 in the words of the original',
  activityOfKeys: 'figures of keys that made no requests',
  activityOfKey: 'figures of a key that made no requests',
  endpointsOfKey: 'figures of a key that made no requests',
  activityOfOauthClient: 'figures of a client that made no requests',
  endpointsOfOauthClient: 'figures of a client that made no requests',
};

/** What a super user does in no organisation. */
const ofNobody: Readonly<Record<string, string>> = {
  getCurrentUser: 'oneself',
  listSessions: 'oneself',
  endSessions: 'oneself',
  createApi: 'one that belongs to no organisation yet',
};

describe('every route of openapi.json', () => {
  let api: ApiUnderTest;
  let furnished: Furnished;
  const strangers = new Map<string, Caller>();

  beforeAll(async () => {
    api = await ApiUnderTest.start({
      ...{ ADMIN_ATTEMPTS: '100000', CREDENTIAL_ATTEMPTS: '100000', ANALYTICS_PURGE_MS: '250' },
    });
    furnished = await furnish(api, await api.organisation());
    const elsewhere = await api.organisation();
    strangers.set(
      'the administrator of another organisation',
      callerOf(api, { authorization: elsewhere.admin.accessKey }),
    );
    const inElsewhere = { authorization: (await api.superUser()).accessKey, 'x-castellan-organisation': elsewhere.id };
    strangers.set('a super user in another organisation', callerOf(api, inElsewhere));
  });
  afterAll(() => api.stop());

  const userWith = async (rights: Readonly<Record<string, string>>): Promise<Caller> =>
    callerOf(api, { authorization: (await api.user(furnished.organisation.id, rights)).accessKey });

  /** Calls each about what is there, and lists those that answer otherwise. */
  const answeringOtherwise = async (
    caller: Caller,
    asked: readonly PublishedOperation[],
    status: number,
  ): Promise<readonly string[]> => {
    const answers = await forEachOf(asked, async (operation) => {
      const [names = {}] = namesOf(operation, furnished.things);
      return { operation, status: (await caller(operation, { names })).status };
    });
    return answers
      .filter((answer) => answer.status !== status)
      .map((answer) => `${answer.operation.id}: ${answer.status}`);
  };

  it('is of one plane, and says what it asks for', () => {
    expect(guarded.length).toBeGreaterThan(150);
    expect(operations.filter(({ permission }) => permission === '')).toEqual([]);
  });

  it('is 401 without a credential', async () => {
    expect(await answeringOtherwise(callerOf(api), guarded, 401)).toEqual([]);
  });

  it('is 401 with a wrong credential', async () => {
    const wrong = { authorization: unique('wrong'), 'admin-auth': unique('wrong'), cookie: wrongCookie };
    expect(await answeringOtherwise(callerOf(api, wrong), guarded, 401)).toEqual([]);
  });

  it.each([
    ['the cookie of no session', () => ({})],
    ['such a cookie beside everything that a page of ours sends', () => ({ origin: api.url, ...ownPage })],
  ])('is 401 with %s alone', async (_, more) => {
    expect(await answeringOtherwise(callerOf(api, { cookie: wrongCookie, ...more() }), guarded, 401)).toEqual([]);
  });

  it('is 401 with a credential of another plane', async () => {
    const credentials = {
      operator: { 'admin-auth': api.config.adminSecret },
      node: { authorization: api.config.nodeSecret },
      organisation: { authorization: furnished.organisation.admin.accessKey },
    };
    for (const [plane, headers] of Object.entries(credentials)) {
      const others = guarded.filter((operation) => planeOf(operation) !== plane);
      expect(await answeringOtherwise(callerOf(api, headers), others, 401)).toEqual([]);
    }
  });

  it.each(['the administrator of another organisation', 'a super user in another organisation'])(
    'is 404 for %s, or what an id is answered that nobody has',
    async (name) => {
      const stranger = strangers.get(name) ?? callerOf(api);
      const unsaid = (text: string, { names = {} }: Said): string =>
        Object.values(names).reduce(
          (rest, id) => rest.replaceAll(id, 'id'),
          text.replaceAll(/"RequestID":"[^"]*"/g, ''),
        );
      const nobodys = (id: string): string => id.replaceAll(/[0-9a-z]/g, '0');
      const naming = organisations.filter((operation) => namesThings(operation));
      const answers = await forEachOf(naming, async (operation) => {
        const [names = {}] = namesOf(operation, furnished.things);
        const none = Object.fromEntries(Object.entries(names).map(([name, id]) => [name, nobodys(id)]));
        const [told, missing] = [await stranger(operation, { names }), await stranger(operation, { names: none })];
        const isSame =
          told.status === missing.status && unsaid(told.text, { names }) === unsaid(missing.text, { names: none });
        return { id: operation.id, status: told.status, isSame, text: told.text, missing: missing.text };
      });
      expect(answers.filter(({ isSame, id }) => !isSame && id !== 'createCustomKey')).toEqual([]);
      const otherwise = answers.filter(({ status, id }) => status !== 404 && !(id in notFoundElsewise));
      expect(otherwise.map(({ id, status }) => `${id}: ${status}`)).toEqual([]);
      expect(answers.length).toBeGreaterThan(80);
    },
  );

  it('asks a super user which organisation it is about where nothing tells: no id in the path, no list of all', async () => {
    const caller = callerOf(api, { authorization: (await api.superUser()).accessKey });
    // Names of what nobody has, so that hardly anything is written.
    const names = { id: '0'.repeat(24), version: '1', apiId: '0'.repeat(32) };
    const answers = await forEachOf(organisations, async (operation) => {
      const { status, text } = await caller(operation, { names });
      return { operation, status, isAsked: text.includes('"organisation_needed"') };
    });
    const asked = answers.filter(({ isAsked }) => isAsked);
    expect(asked.filter(({ status }) => status !== 400)).toEqual([]);
    expect(asked.filter(({ operation }) => operation.everywhere).map(({ operation }) => operation.id)).toEqual([]);
    expect(asked.length).toBeGreaterThan(40);
    const others = answers.filter(({ isAsked, operation }) => !isAsked && !operation.everywhere);
    const unexpected = others.filter(
      ({ operation: { id, path }, status }) => status !== 404 && !path.includes('{') && !(id in ofNobody),
    );
    expect(unexpected.map(({ operation: { id }, status }) => `${id}: ${status}`)).toEqual([]);
  });

  it('is 401 for a super user on the other planes, and once switched off', async () => {
    const { id, accessKey } = await api.superUser();
    const caller = callerOf(api, {
      ...{ authorization: accessKey, 'x-castellan-organisation': furnished.organisation.id },
    });
    expect(await answeringOtherwise(caller, ofPlane('operator', 'node'), 401)).toEqual([]);
    expectOk(await api.admin.put(`/admin/users/${id}`, { active: false }));
    expect(await answeringOtherwise(caller, guarded, 401)).toEqual([]);
  });

  it('is 403 for a user without any right that it asks for', async () => {
    const nobody = await userWith({ websockets: 'read' });
    const asked = organisations.filter(({ id }) => !(id in forEverybody));
    expect(await answeringOtherwise(nobody, asked, 403)).toEqual([]);
  });

  it('is 403 for a reader where it writes', async () => {
    const sections = [...new Set(organisations.map(sectionOf))].filter((section) => section !== 'any');
    const reader = await userWith(Object.fromEntries(sections.map((section) => [section, 'read'])));
    expect(await answeringOtherwise(reader, organisations.filter(isWrite), 403)).toEqual([]);
  });

  it('is 403 for a user with every right but the one that it asks for', async () => {
    const sections = [...new Set(organisations.map(sectionOf))].filter((section) => section !== 'any');
    for (const section of sections) {
      const others = ['websockets', ...sections].filter((other) => other !== section);
      const other = await userWith(Object.fromEntries(others.map((each) => [each, 'write'])));
      const asked = organisations.filter((operation) => sectionOf(operation) === section);
      expect(await answeringOtherwise(other, asked, 403)).toEqual([]);
    }
  });

  it('is 403 for the session of an administrator without the token where it does not only read, and changes nothing where it does', async () => {
    const { id, admin } = furnished.organisation;
    const password = `${unique('horse')} battery`;
    expectOk(await admin.client.post(`/api/users/${admin.id}/actions/reset`, { new_password: password }));
    const address = textOf(expectOk(await admin.client.get('/api/users/me')).json['email_address']);
    const browser = new Browser(api.anonymous);
    expectOk(await browser.logIn({ username: address, password, org_id: id }));
    const page = { cookie: browser.cookieHeader, origin: browser.origin, 'sec-fetch-site': 'same-origin' };
    const writing = organisations.filter(({ method }) => method !== 'GET');
    expect(await answeringOtherwise(callerOf(api, page), writing, 403)).toEqual([]);
    const withoutToken = callerOf(api, page);
    // A page of somebody else may send such a browser to any address, so that no GET may change anything.
    // But for the link that logs out, which a page of somebody else cannot use (apps/api/src/sessions/sessions.e2e-spec.ts).
    const others = ['liveAnalytics', 'logOutByLink'];
    const gets = operations.filter(({ id, method }) => method === 'GET' && !others.includes(id));
    const [before, redisBefore] = [await stateOf(api), await redisOf(api)];
    const answers = await forEachOf(gets, async (operation) => {
      const [names = {}] = namesOf(operation, furnished.things);
      return [operation.id, (await withoutToken(operation, { names })).status] as const;
    });
    expect(answers).toContainEqual(['listApis', 200]);
    expect(answers.filter(([, status]) => status === 500)).toEqual([]);
    // The session was there until the end.
    expect((await browser.call('GET', '/api/users/me')).status).toBe(200);
    expect(await stateOf(api)).toEqual(before);
    expect(await redisOf(api)).toEqual(redisBefore);
  });
});

/** What every request moves: when a session was seen, and how many requests and failures there were. */
const moving = /^castellan:(session:|rate|attempts|credential-attempts|lock:)/;

/** Everything else that Redis has, of this system and of gateways. */
const redisOf = async ({ app }: ApiUnderTest): Promise<readonly string[]> => {
  const redis = app.get<Redis>(REDIS);
  const keys = (await redis.keys('*')).filter((key) => !moving.test(key)).toSorted();
  return Promise.all(keys.map(async (key) => `${key} ${(await redis.dumpBuffer(key)).toString('base64')}`));
};

/** Everything that people configure, and how much there is in the records. */
const stateOf = async ({ app }: ApiUnderTest): Promise<Readonly<Record<string, string>>> => {
  const { db } = app.get<Connection>(getConnectionToken());
  const all = {
    ...Object.fromEntries(allKinds().map(({ collection }) => [collection, true])),
    revisions: true,
    audit: true,
  };
  const states = Object.keys(all).map(async (name) => {
    const rows =
      (await db
        ?.collection(name)
        .find({}, { sort: { _id: 1 } })
        .toArray()) ?? [];
    // Keys are looked at again in the background, and records are sealed there.
    const seen = ['keys', 'audit'].includes(name) ? rows.map(({ _id }) => String(_id)) : rows;
    return [name, JSON.stringify(seen)] as const;
  });
  return Object.fromEntries(await Promise.all(states));
};
