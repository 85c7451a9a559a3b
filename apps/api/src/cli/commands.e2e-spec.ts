import { textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { AdminClient } from './admin-client';
import { bootstrap, newOrganisation, newUser, type Terminal } from './commands';

describe('npm run cli', () => {
  let api: ApiUnderTest;
  let client: AdminClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    client = new AdminClient(api.url, api.config.adminSecret);
  });
  afterAll(() => api.stop());

  /** Somebody who gives these answers one after the other. */
  const somebody = (answers: readonly string[]) => {
    const [left, said] = [[...answers], [] as string[]];
    const next = (question: string): Promise<string> => {
      said.push(question);
      return Promise.resolve(left.shift() ?? '');
    };
    const terminal: Terminal = { say: (text) => said.push(text), ask: next, askHidden: next };
    return { terminal, said };
  };
  const after = (said: readonly string[], label: string): string =>
    said.find((line) => line.startsWith(label))?.slice(label.length) ?? '';

  it('bootstrap makes an organisation and its administrator, and prints the key once', async () => {
    const { terminal, said } = somebody([]);
    const email = `${unique('ada')}@acme.example`;
    await bootstrap(client, terminal, { org: 'Acme', email });
    const key = after(said, 'Access key: ');
    const own = api.anonymous.with({ authorization: key });
    expect((await own.get('/api/sessions')).status).toBe(200);
    const organisation = await api.admin.get(`/admin/organisations/${after(said, 'Organisation ID: ')}`);
    expect(organisation.json['owner_name']).toBe('Acme');
    const user = expectOk(await api.admin.get(`/admin/users/${after(said, 'User ID: ')}`));
    expect(textOf(user.json['email_address'])).toBe(email);
  });

  it('bootstrap says what is missing or wrong, in words', async () => {
    const { terminal } = somebody([]);
    await expect(bootstrap(client, terminal, { org: 'Acme' })).rejects.toThrow('needs --org and --email');
    await expect(bootstrap(client, terminal, { org: 'Acme', email: 'x' })).rejects.toThrow('must be an email address');
    const stranger = new AdminClient(api.url, 'another secret');
    await expect(bootstrap(stranger, terminal, { org: 'Acme', email: 'a@b.c' })).rejects.toThrow('Not authorised');
    const nowhere = new AdminClient('http://127.0.0.1:1', 'a secret');
    await expect(bootstrap(nowhere, terminal, { org: 'Acme', email: 'a@b.c' })).rejects.toThrow('is it running?');
    expect(() => AdminClient.of({})).toThrow('CASTELLAN_ADMIN_SECRET is not set');
  });

  it('--neworg and --newuser ask as people know it', async () => {
    const name = unique('zz-org');
    const org = somebody([name, 'slug']);
    await newOrganisation(client, org.terminal);
    expect(org.said.slice(0, 2)).toEqual(['Organisation name', 'Organisation slug']);
    expect(after(org.said, 'New organisation ID: ')).toMatch(/^[0-9a-f]{24}$/);
    const all = expectOk(await api.admin.get('/admin/organisations?p=-1')).json['organisations'];
    const index = Array.isArray(all) ? all.findIndex((row: { owner_name?: string }) => row.owner_name === name) : -1;
    const email = `${unique('ada')}@acme.example`;
    const person = somebody(['Ada', 'Lovelace', email, String(index), 'a long secret', 'a long secret']);
    await newUser(client, person.terminal);
    expect(person.said.join('\n')).not.toContain('a long secret');
    const user = expectOk(await api.admin.get(`/admin/users/${after(person.said, 'New user ID: ')}`));
    expect(user.json['org_id']).toBe(after(org.said, 'New organisation ID: '));
    const wrong = somebody(['Ada', 'Lovelace', email, '999']);
    await expect(newUser(client, wrong.terminal)).rejects.toThrow('no organisation of that number');
    const above = somebody(['Ada', 'Lovelace', email, '-1', '', '']);
    await newUser(client, above.terminal);
    const id = after(above.said, 'New user ID: ');
    expect(expectOk(await api.admin.get(`/admin/users/${id}`)).json['org_id']).toBe('');
    const differing = somebody(['Ada', 'Lovelace', email, '0', 'one', 'two']);
    await expect(newUser(client, differing.terminal)).rejects.toThrow('The passwords differ');
  });
});
