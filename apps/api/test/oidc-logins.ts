import { listOf, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from './api-under-test';
import { Browser } from './browser';
import { clientId, clientSecret, TestIdentityProvider } from './identity-provider';

type Fields = Readonly<Record<string, unknown>>;

/** An organisation whose people come in by a provider on loopback. */
export class OidcLogins {
  private constructor(
    readonly api: ApiUnderTest,
    readonly idp: TestIdentityProvider,
    readonly organisation: TestOrganisation,
    readonly providerId: string,
    readonly editors: string,
    readonly readers: string,
  ) {}

  static async start(): Promise<OidcLogins> {
    const api = await ApiUnderTest.start({
      ...{ OIDC_HTTP: 'loopback', SECRET_KEY: 'a-key-for-what-is-sealed', CREDENTIAL_ATTEMPTS: '1000' },
    });
    const idp = await TestIdentityProvider.start();
    const organisation = await api.organisation();
    const editors = await groupIn(organisation, { apis: 'write' });
    const readers = await groupIn(organisation, { policies: 'read' });
    const settings = settingsFor(idp, { editors, readers });
    const created = expectOk(await organisation.admin.client.post('/api/identity-providers', settings));
    const logins = new OidcLogins(api, idp, organisation, textOf(created.json['Meta']), editors, readers);
    await idp.serve([logins.callback()]);
    return logins;
  }

  async stop(): Promise<void> {
    await this.api.stop();
    await this.idp.stop();
  }

  callback(providerId = this.providerId): string {
    return `${this.api.url}/sso/oidc/${providerId}/callback`;
  }

  provider(fields: Fields = {}): Fields {
    return { ...settingsFor(this.idp, { editors: this.editors, readers: this.readers }), ...fields };
  }

  async configure(fields: Fields): Promise<void> {
    const path = `/api/identity-providers/${this.providerId}`;
    expectOk(await this.organisation.admin.client.put(path, this.provider(fields)));
  }

  group(permissions: Readonly<Record<string, string>>): Promise<string> {
    return groupIn(this.organisation, permissions);
  }

  /** Somebody whom the provider knows. */
  someone(claims: Fields = {}): string {
    const subject = unique('sub');
    const own = { email: `${subject}@acme.example`, email_verified: true, given_name: 'Ada', groups: ['editors'] };
    this.idp.people.set(subject, { ...own, ...claims });
    return subject;
  }

  /** Begins a login. @returns where the browser is to go */
  async begin(browser: Browser, next = '/', providerId = this.providerId): Promise<string> {
    const reply = await browser.call('GET', `/sso/oidc/${providerId}/login?next=${encodeURIComponent(next)}`);
    expect(reply.status).toBe(302);
    return textOf(reply.headers.get('location') ?? '');
  }

  /** Takes somebody to the provider. @returns where the browser comes back to */
  async there(browser: Browser, subject: string, { next = '/', providerId = this.providerId } = {}): Promise<URL> {
    return new URL(await this.idp.logIn(await this.begin(browser, next, providerId), subject));
  }

  /** Comes back as a browser does that comes from elsewhere. */
  back(browser: Browser, { pathname, search }: URL): Promise<Reply> {
    return browser.call('GET', `${pathname}${search}`, undefined, { 'sec-fetch-site': 'cross-site', origin: '' });
  }

  /** Logs somebody in, in a browser that comes from elsewhere, as after a login at a provider. */
  async logIn(subject: string, browser = new Browser(this.api.anonymous), next = '/'): Promise<Reply> {
    return this.back(browser, await this.there(browser, subject, { next }));
  }

  async userOf(subject: string): Promise<Record<string, unknown> | undefined> {
    const found = await this.organisation.admin.client.get(`/api/users/search?q=${subject}`);
    return listOf(expectOk(found).json['users'])[0];
  }

  async groupsOf(subject: string): Promise<readonly unknown[]> {
    const id = textOf((await this.userOf(subject))?.['id']);
    const { json } = expectOk(await this.organisation.admin.client.get(`/api/users/${id}/permissions`));
    return listOf(json['groups']).map((one) => one['id']);
  }

  /** Sends a logout token as a provider does. */
  logOut(token: string): Promise<Reply> {
    return this.api.anonymous.call('POST', `/sso/oidc/${this.providerId}/backchannel-logout`, {
      body: `logout_token=${token}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }
}

export const groupIn = async (
  { admin }: TestOrganisation,
  permissions: Readonly<Record<string, string>>,
): Promise<string> => {
  const body = { name: unique('group'), user_permissions: permissions };
  return textOf(expectOk(await admin.client.post('/api/usergroups', body)).json['Meta']);
};

export const settingsFor = ({ issuer }: TestIdentityProvider, mappings: Readonly<Record<string, string>>): Fields => ({
  ...{ name: 'Accounts', issuer, client_id: clientId, client_secret: clientSecret, groups_claim: 'groups' },
  ...{ group_mappings: mappings, create_users: true },
});
