import type { Redis } from 'ioredis';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type JWTPayload } from 'jose';
import * as openid from 'openid-client';
import { REDIS } from '@castellan/delivery';
import { listOf, textOf, unique } from '@castellan/testing';
import { expectOk } from '../../test/api-under-test';
import { Browser } from '../../test/browser';
import { clientSecret } from '../../test/identity-provider';
import { groupIn, OidcLogins, settingsFor } from '../../test/oidc-logins';
import { IdentityProviderStore } from './identity-provider-store';
import { ProviderClients } from './provider-clients';

describe('what a provider says, or somebody in its name', () => {
  let logins: OidcLogins;

  beforeAll(async () => {
    logins = await OidcLogins.start();
  });
  afterAll(() => logins.stop());
  afterEach(async () => {
    [logins.idp.alterToken, logins.idp.alterUserinfo] = [null, null];
    await logins.configure({});
  });

  /** Logs somebody in, and says what came of it and whether there is a session. */
  const outcomeOf = async (subject: string, browser = new Browser(logins.api.anonymous)) => {
    const { status } = await logins.logIn(subject, browser);
    return [status, (await browser.call('GET', '/api/users/me')).status];
  };
  const letIn = [302, 200];
  const refused = [401, 401];

  it.each<[string, (claims: JWTPayload) => JWTPayload]>([
    ['the nonce of somebody else', (claims) => ({ ...claims, nonce: openid.randomNonce() })],
    ['no nonce', ({ nonce: _, ...claims }) => claims],
    ['another issuer', (claims) => ({ ...claims, iss: `${textOf(claims.iss)}/` })],
    ['another audience', (claims) => ({ ...claims, aud: 'somebody-else' })],
    ['a time that is over', (claims) => ({ ...claims, exp: Number(claims.exp) - 10_000 })],
    ['no subject', ({ sub: _, ...claims }) => claims],
  ])('is not believed with %s in the ID token', async (_, alter) => {
    logins.idp.alterToken = (claims) => logins.idp.sign(alter(claims));
    expect(await outcomeOf(logins.someone())).toEqual(refused);
    // The provider itself is believed, with the same words and its own nonce.
    logins.idp.alterToken = (claims) => logins.idp.sign(claims);
    expect(await outcomeOf(logins.someone())).toEqual(letIn);
  });

  it('is not believed with the nonce of an earlier login', async () => {
    let earlier: unknown;
    logins.idp.alterToken = (claims) => {
      earlier ??= claims['nonce'];
      return logins.idp.sign({ ...claims, nonce: earlier });
    };
    expect(await outcomeOf(logins.someone())).toEqual(letIn);
    expect(await outcomeOf(logins.someone())).toEqual(refused);
  });

  it('is not believed with any signature but that of its own keys, by the algorithm that was agreed', async () => {
    const { idp } = logins;
    const { privateKey: key } = await generateKeyPair('RS256');
    for (const forge of [
      (claims: JWTPayload) => Promise.resolve(new UnsecuredJWT(claims).encode()),
      (claims: JWTPayload) => idp.sign(claims, { key }),
      (claims: JWTPayload) => idp.sign(claims, { key, kid: 'nobody' }),
      (claims: JWTPayload) => idp.sign(claims, { alg: 'HS256', key: new TextEncoder().encode(clientSecret) }),
    ]) {
      idp.alterToken = forge;
      expect(await outcomeOf(logins.someone())).toEqual(refused);
    }
  });

  it('is not believed by a key that the token brings or names, or by the public key taken for a secret, and nothing named is fetched', async () => {
    const { idp } = logins;
    const { privateKey: key, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const published = await (await fetch(`${idp.issuer}/jwks`)).text();
    const [own] = (JSON.parse(published) as { keys: JWK[] }).keys;
    const bringing = (more: object) => (claims: JWTPayload) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: textOf(own?.kid), ...more }).sign(key);
    const asSecret = (text: string) => (claims: JWTPayload) =>
      idp.sign(claims, { alg: 'HS256', key: new TextEncoder().encode(text) });
    const elsewhere = `${idp.issuer}/evil-keys`;
    for (const forge of [
      bringing({ jwk: await exportJWK(publicKey) }),
      bringing({ jku: elsewhere }),
      bringing({ x5u: elsewhere, x5c: ['MIIB'] }),
      bringing({ jku: elsewhere, kid: 'evil' }),
      asSecret(published),
      asSecret(JSON.stringify(own)),
      asSecret(textOf(own?.n)),
    ]) {
      idp.alterToken = forge;
      expect(await outcomeOf(logins.someone())).toEqual(refused);
    }
    expect(idp.asked).not.toContain('/evil-keys');
  });

  it('is no answer to a login that did not begin here: what it begins with is new each time, and good once, for ten minutes', async () => {
    const { api } = logins;
    const [mine, other] = [new Browser(api.anonymous), new Browser(api.anonymous)];
    const begun = [await logins.begin(mine), await logins.begin(other), await logins.begin(other)];
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = begun.map((url) => new URL(url).searchParams.get(name) ?? '');
      expect(new Set(values).size).toBe(3);
      for (const value of values) expect(value.length).toBeGreaterThanOrEqual(43);
    }
    const refusedAs = async (browser: Browser, back: URL) => {
      const { status, headers } = await logins.back(browser, back);
      return [status, headers.getSetCookie().some((line) => /castellan-session=[^;]/.test(line))];
    };
    const back = await logins.there(mine, logins.someone());
    const foreign = new URL(back);
    foreign.searchParams.set('state', new URL(begun[1] ?? '').searchParams.get('state') ?? '');
    const stateless = new URL(back);
    stateless.searchParams.delete('state');
    for (const wrong of [foreign, stateless]) expect(await refusedAs(mine, wrong)).toEqual([400, false]);

    const reader = new Browser(api.anonymous);
    const good = await logins.there(reader, logins.someone());
    expect((await logins.back(reader, good)).status).toBe(302);
    expect(await refusedAs(reader, good)).toEqual([400, false]);

    const late = new Browser(api.anonymous);
    const tooLate = await logins.there(late, logins.someone());
    const redis = api.app.get<Redis>(REDIS);
    const flows = (await redis.keys('castellan:oidc:*')).filter((key) => !key.includes('sid'));
    const seconds = await Promise.all(flows.map((key) => redis.ttl(key)));
    expect(Math.min(...seconds)).toBeGreaterThan(0);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(600);
    await redis.del(flows);
    expect(await refusedAs(late, tooLate)).toEqual([400, false]);
  });

  it('comes with a browser from another site, at the first try of the day, by cookies that go there and nowhere else', async () => {
    const { api } = logins;
    const browser = new Browser(api.anonymous);
    expect((await logins.logIn(logins.someone(), browser)).status).toBe(302);
    const yesterday = browser.cookieHeader;
    expectOk(await browser.call('POST', '/logout'));
    const begun = await browser.call('GET', `/sso/oidc/${logins.providerId}/login`, undefined, { cookie: yesterday });
    expect(begun.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^castellan-oidc=[\w-]{43}; Max-Age=600; Path=\/sso\/oidc; HttpOnly; SameSite=Lax$/),
    ]);
    const back = new URL(await logins.idp.logIn(begun.headers.get('location') ?? '', logins.someone()));
    const reply = await logins.back(browser, back);
    expect([reply.status, reply.headers.get('location')]).toEqual([302, '/']);
    const [cleared, session] = ['castellan-oidc', 'castellan-session'].map((name) =>
      reply.headers.getSetCookie().find((line) => line.startsWith(name)),
    );
    expect(cleared).toMatch(/^castellan-oidc=; .*Expires=Thu, 01 Jan 1970/);
    expect(session).toMatch(/^castellan-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await browser.call('GET', '/api/users/me')).status).toBe(200);
  });

  it('is not begun again by a logout: that ends on a page which leads nowhere and lets nobody in', async () => {
    const { api } = logins;
    const browser = new Browser(api.anonymous);
    expect((await logins.logIn(logins.someone(), browser)).status).toBe(302);
    const out = await browser.call('GET', '/logout');
    expect([out.status, out.headers.get('location')]).toEqual([302, '/']);
    const front = await browser.call('GET', '/');
    expect([front.headers.get('location'), front.headers.getSetCookie()]).toEqual([null, []]);
    expect([200, 404]).toContain(front.status);
    expect((await browser.call('GET', '/api/users/me')).status).toBe(401);
  });

  it('that groups stand elsewhere takes no group away and gives none, is not gone after, and is in the audit log', async () => {
    const { api, idp, organisation } = logins;
    const elsewhere = {
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: `${idp.issuer}/evil-groups` } },
    };
    const subject = logins.someone({ groups: ['editors', 'readers'] });
    await logins.logIn(subject);
    const before = await logins.groupsOf(subject);
    for (const said of [elsewhere, { groups: undefined, hasgroups: true }]) {
      idp.alterToken = ({ groups: __, ...claims }) => idp.sign({ ...claims, ...said });
      expect(await outcomeOf(subject)).toEqual(letIn);
      expect(await logins.groupsOf(subject)).toEqual(before);
      expect((await logins.logIn(logins.someone())).status).toBe(403);
    }
    expect(idp.asked).not.toContain('/evil-groups');
    const log = expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1'));
    const records = listOf(log.json['audit_logs']);
    const unsaidIn = (field: string) =>
      records.filter((record) => textOf(record[field] ?? '').includes('does not say in the token which groups'));
    expect(unsaidIn('reason')).toHaveLength(2);
    expect(unsaidIn('refusal').map(({ status }) => status)).toEqual([403, 403]);
    expect(api.logged()).toContain('too many groups for a token');
  });

  it('is believed after its keys have changed, and asked for them no more often than that', async () => {
    const { api, idp } = logins;
    await logins.configure({ name: unique('Accounts') });
    const row = await api.app.get(IdentityProviderStore).activeById(logins.providerId);
    if (row === null) throw new Error('There is no such provider');
    const { configuration } = await api.app.get(ProviderClients).of(row);
    // What a client knows that asked two minutes ago.
    const jwks = (await (await fetch(`${idp.issuer}/jwks`)).json()) as { keys: JWK[] };
    openid.setJwksCache(configuration, { jwks, uat: Math.floor(Date.now() / 1_000) - 120 });
    await idp.rotateKey();
    const before = idp.keysAsked;
    expect(await outcomeOf(logins.someone())).toEqual(letIn);
    expect(idp.keysAsked).toBe(before + 1);
    idp.alterToken = (claims) => idp.sign(claims, { kid: unique('kid') });
    for (let flood = 0; flood < 5; flood += 1) expect(await outcomeOf(logins.someone())).toEqual(refused);
    expect(idp.keysAsked).toBe(before + 1);
    idp.alterToken = null;
    expect(await outcomeOf(logins.someone())).toEqual(letIn);
  });

  it('comes from the issuer that it is said to come from: a reply of another one is a mix-up', async () => {
    for (const said of ['https://evil.example', `${logins.idp.issuer}/`, null]) {
      const browser = new Browser(logins.api.anonymous);
      const back = await logins.there(browser, logins.someone());
      expect(back.searchParams.get('iss')).toBe(logins.idp.issuer);
      if (said === null) back.searchParams.delete('iss');
      else back.searchParams.set('iss', said);
      expect((await logins.back(browser, back)).status).toBe(401);
      expect((await browser.call('GET', '/api/users/me')).status).toBe(401);
    }
  });

  it('ends the login with that provider with which it began', async () => {
    const { admin } = logins.organisation;
    const created = expectOk(await admin.client.post('/api/identity-providers', logins.provider({ name: 'Other' })));
    const other = textOf(created.json['Meta']);
    await logins.idp.serve([logins.callback(), logins.callback(other)]);
    const browser = new Browser(logins.api.anonymous);
    const back = await logins.there(browser, logins.someone());
    back.pathname = new URL(logins.callback(other)).pathname;
    expect((await logins.back(browser, back)).status).toBe(400);
  });

  it('has to call itself exactly as it was set up', async () => {
    await logins.configure({ issuer: `${logins.idp.issuer}/` });
    const browser = new Browser(logins.api.anonymous);
    expect((await browser.call('GET', `/sso/oidc/${logins.providerId}/login`)).status).toBe(503);
  });

  it('is asked for what is not in the ID token only where that is set, and only about the same person', async () => {
    const { idp } = logins;
    idp.alterToken = ({ groups: _, ...claims }) => idp.sign(claims);
    const subject = logins.someone();
    expect((await logins.logIn(subject)).status).toBe(403);
    await logins.configure({ use_userinfo: true });
    expect(await outcomeOf(subject)).toEqual(letIn);
    expect(await logins.groupsOf(subject)).toEqual([logins.editors]);
    const strong = logins.someone({ groups: ['editors', 'readers'] });
    idp.alterUserinfo = () => ({ ...idp.people.get(strong), sub: strong });
    expect(await outcomeOf(logins.someone())).toEqual(refused);
  });

  it('ends the one session that it names by sid, and leaves the others of the person', async () => {
    const { api, idp } = logins;
    const subject = logins.someone();
    const [one, other] = [new Browser(api.anonymous), new Browser(api.anonymous)];
    for (const [browser, sid] of [
      [one, 'sid-1'],
      [other, 'sid-2'],
    ] as const) {
      idp.alterToken = (claims) => idp.sign({ ...claims, sid });
      await logins.logIn(subject, browser);
    }
    expectOk(await logins.logOut(await idp.logoutToken({ sid: 'sid-3' })));
    expectOk(await logins.logOut(await idp.logoutToken({ sub: subject, sid: 'sid-1' })));
    expect((await one.call('GET', '/api/users/me')).status).toBe(401);
    expect((await other.call('GET', '/api/users/me')).status).toBe(200);
  });

  it('gives nothing by a group that was deleted since', async () => {
    const gone = await logins.group({ hooks: 'write' });
    const { admin } = logins.organisation;
    await logins.configure({ group_mappings: { gone } });
    expectOk(await admin.client.delete(`/api/usergroups/${gone}`));
    const subject = logins.someone({ groups: ['gone'] });
    expect((await logins.logIn(subject)).status).toBe(403);
    expect(await logins.userOf(subject)).toBeUndefined();
  });

  it('does not take the last administrator from an organisation', async () => {
    const { api, idp } = logins;
    const organisation = await api.organisation();
    const admins = await groupIn(organisation, { IsAdmin: 'admin' });
    const settings = settingsFor(idp, { admins });
    const created = expectOk(await organisation.admin.client.post('/api/identity-providers', settings));
    const providerId = textOf(created.json['Meta']);
    await idp.serve([logins.callback(), logins.callback(providerId)]);
    const subject = logins.someone({ groups: ['admins'] });
    const browser = new Browser(api.anonymous);
    const comeIn = async () =>
      (await logins.back(browser, await logins.there(browser, subject, { providerId }))).status;
    expect(await comeIn()).toBe(302);
    expectOk(await api.admin.delete(`/admin/users/${organisation.admin.id}`));
    idp.people.set(subject, { ...idp.people.get(subject), groups: [] });
    expect(await comeIn()).toBe(409);
    expect((await browser.call('GET', '/api/users')).status).toBe(200);
    idp.people.set(subject, { ...idp.people.get(subject), groups: ['admins'] });
    expect(await comeIn()).toBe(302);
  });
});
