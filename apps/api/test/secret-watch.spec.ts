import type { Exchange } from '@castellan/testing';
import { setupTokenOf } from '../src/setup/setup-token';
import { ManyTexts } from './find-many';
import { SecretWatch } from './secret-watch';

const exchange = (method: string, path: string, reply: object, more: Partial<Exchange> = {}): Exchange => ({
  ...{ method, path, status: 200, headers: new Headers(), text: JSON.stringify(reply), sent: '' },
  ...more,
});
type Deed = (watch: SecretWatch) => void;
const checks =
  (...of: Parameters<typeof exchange>): Deed =>
  (watch) => {
    watch.check(exchange(...of));
  };
const keeps =
  (where: string, text: string): Deed =>
  (watch) => {
    watch.keep(where, text);
  };
const key = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
const organisation = '5ead71205759610001818681';
const long = 'wL3kq0PZr7tXy5vBn2mHs8dGf4jCa6eQu1iOo9pRlTk';
const cookie = (name: string) => ({
  headers: new Headers({ 'set-cookie': `${name}=${long}; Path=/; HttpOnly` }),
});
const sending = (fields: object) => ({ sent: JSON.stringify(fields) });
const jsonToken = Buffer.from(`{"org":"${organisation}","id":"${key}","h":"murmur64"}`).toString('base64');

describe('the watch over secrets', () => {
  it('lets a reply show what it is there to show, and no other', () => {
    const watch = new SecretWatch();
    watch.check(exchange('POST', '/api/users', { AccessKey: key }));
    expect(watch.leaks()).toEqual([]);
    watch.check(exchange('GET', '/api/users?p=1', { users: [{ access_key: key }] }));
    expect(watch.leaks()).toEqual([
      expect.stringMatching(/^access key in the reply to GET \/api\/users\?p=1: .*<here>/),
    ]);
  });

  /** Of each sort of secret: what makes or shows it, and the secret. */
  const sorts: readonly (readonly [string, Deed, string])[] = [
    [
      'admin secret',
      (watch) => {
        watch.knowAdminSecret('a-secret-of-the-operator');
      },
      'a-secret-of-the-operator',
    ],
    [
      'setup token',
      (watch) => {
        watch.knowAdminSecret('a-secret');
      },
      setupTokenOf('a-secret'),
    ],
    [
      'named admin secret',
      (watch) => {
        watch.know('secret of ci', long);
      },
      long,
    ],
    ['access key, by the operator', checks('POST', '/admin/users', { Message: key, Meta: { access_key: key } }), key],
    ['access key', checks('POST', '/api/users', { AccessKey: key }), key],
    ['access key of the first run', checks('POST', '/api/setup', { Message: key, Meta: { csrf_token: long } }), key],
    ['renewed access key', checks('PUT', '/api/users/me/actions/key/reset', { AccessKey: key }), key],
    ['session', checks('POST', '/login', {}, cookie('castellan-session')), long],
    ['session over TLS', checks('POST', '/login', {}, cookie('__Host-castellan-session')), long],
    ['known browser', checks('POST', '/login', {}, cookie('castellan-device')), long],
    ['login at a provider', checks('GET', '/sso/oidc/1/login', {}, cookie('castellan-oidc')), long],
    ['CSRF token', checks('POST', '/login', { Meta: { csrf_token: long } }), long],
    ['CSRF token, shown again', checks('GET', '/api/sessions/current', { csrf_token: long }), long],
    [
      'CSRF token of a renewed session',
      checks('POST', '/api/users/me/actions/reset', {}, { headers: new Headers({ 'x-csrf-token': long }) }),
      long,
    ],
    ['nonce of single sign-on', checks('POST', '/api/sso', { Meta: long }), long],
    [
      'secret of a second factor',
      checks('POST', '/api/users/me/second-factor', { Meta: { secret: 'K5QXG2LOM4QGC3TEEBZW6' } }),
      'K5QXG2LOM4QGC3TEEBZW6',
    ],
    [
      'recovery code',
      checks('POST', '/api/users/1/second-factor/confirm', { Meta: { recovery_codes: ['k4mtw-9xz7q'] } }),
      'k4mtw-9xz7q',
    ],
    [
      'token of a key',
      checks('POST', '/api/keys', { key_id: `${organisation}${key}`, key_hash: 'c0ffee00' }),
      `${organisation}${key}`,
    ],
    [
      'token of a key that is JSON',
      checks('POST', '/api/keys', { key_id: jsonToken, key_hash: 'c0ffee00' }),
      jsonToken,
    ],
    ['secret of an OAuth client', checks('POST', '/api/apis/oauth/1', { client_id: 'c', secret: long }), long],
    [
      'secret of an identity provider',
      checks('POST', '/api/identity-providers', {}, sending({ client_secret: long })),
      long,
    ],
    [
      'password',
      checks('POST', '/admin/users', {}, sending({ user: { password: 'violet anchors hum' } })),
      'violet anchors hum',
    ],
    [
      'new password',
      checks('POST', '/login', {}, sending({ new_password: 'violet anchors hum' })),
      'violet anchors hum',
    ],
  ];

  it.each(sorts)('finds a leak of this sort, whole and cut off, wherever it is: %s', (_, issue, secret) => {
    const cut = secret.slice(0, -4);
    const leakingIn = (plant: Deed): number => {
      const watch = new SecretWatch();
      issue(watch);
      expect(watch.leaks()).toEqual([]);
      plant(watch);
      return watch.leaks().length;
    };
    const places: readonly Deed[] = [
      keeps('the log', `{"msg":"tried ${secret}"}\n`),
      keeps('a record of audit', JSON.stringify({ diff: `"${secret}"` })),
      checks('GET', '/api/audit-logs', { audit_logs: [{ diff: secret }] }),
      checks('POST', '/api/apis', { Message: `no ${secret}` }, { status: 400 }),
      checks('GET', '/', {}, { headers: new Headers({ location: `/?a=${secret}` }) }),
      (watch) => {
        watch.follow('a reply on a connection of its own', () => `HTTP/1.1 200 OK\r\n\r\n${secret}`);
      },
      ...(cut.length < 16 ? [] : [keeps('the log', `{"msg":"tried ${cut}`)]),
    ];
    expect(places.map(leakingIn)).toEqual(places.map(() => 1));
  });

  it('looks through a header that replies have had before, unless it stood there on purpose', () => {
    const watch = new SecretWatch();
    const location = { headers: new Headers({ location: `/?a=${long}` }) };
    watch.check(exchange('GET', '/', {}, location));
    watch.check(exchange('POST', '/login', {}, cookie('castellan-session')));
    watch.check(exchange('GET', '/', {}, location));
    expect(watch.leaks()).toEqual([expect.stringContaining('session, or cookie of a browser in the reply to GET /:')]);

    const shown = new SecretWatch();
    shown.check(exchange('GET', `/sso/nonces/${long}`, {}, location));
    shown.know('nonce of single sign-on', long);
    expect(shown.leaks()).toEqual([]);
    shown.check(exchange('GET', '/', {}, location));
    expect(shown.leaks()).toHaveLength(1);
  });

  it('takes no part of a token for a leak that everybody knows', () => {
    const watch = new SecretWatch();
    for (const token of [`${organisation}${key}`, jsonToken]) {
      watch.check(exchange('POST', '/api/keys', { key_id: token, key_hash: 'c0ffee00' }));
    }
    watch.keep('the log', `${organisation} ${jsonToken.slice(0, 50)}`);
    expect(watch.leaks()).toEqual([]);
  });

  it('knows the line of the log that tells the token of the first run, and no other', () => {
    const watch = new SecretWatch();
    watch.knowAdminSecret('a-secret');
    const setupToken = setupTokenOf('a-secret');
    watch.keep('the log', `{"setupToken":"${setupToken}","msg":"Nobody has set up this installation yet"}\n{}\n`);
    expect(watch.leaks()).toEqual([]);
    watch.keep('the log', `{"setupToken":"${setupToken}","msg":"Another line"}\n`);
    expect(watch.leaks()).toHaveLength(1);
  });
});

describe('many texts', () => {
  it('are found in one pass, at the beginning, in the middle and at the end, and nowhere else', () => {
    const texts = Array.from({ length: 500 }, (_, index) => `${index}-a-secret-${index * 7_919}`);
    const many = new ManyTexts(texts);
    const filling = 'ünrelated text, '.repeat(1_000);
    const text = `${texts[3] ?? ''}${filling}${texts[77] ?? ''}${filling}${texts[499] ?? ''}`;
    expect([...many.in(text)].sort()).toEqual(texts.filter((one) => text.includes(one)).sort());
    expect([...many.in(text.replaceAll('secret', 'sacred'))]).toEqual([]);
  });
});
