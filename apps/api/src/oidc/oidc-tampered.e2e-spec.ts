import { generateKeyPair, UnsecuredJWT, type JWK, type JWTPayload } from 'jose';
import * as openid from 'openid-client';
import { textOf, unique } from '@castellan/testing';
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
