import * as fc from 'fast-check';
import { diffJson } from './diff';
import { canonicalJson, type JsonValue } from './json-text';
import { REDACTED, redact, redactDiff } from './redact';
import { anyJson } from './testing/arbitraries';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('redact', () => {
  it('hides secrets by the names that Tyk and HTTP give them', () => {
    const document = {
      name: 'kept',
      auth: { signature: { secret: 's1', header: 'kept' } },
      external_oauth: { providers: [{ introspection: { client_id: 'kept', client_secret: 's2' } }] },
      notifications: { shared_secret: 's3' },
      upstream_auth: { basic_auth: { username: 'kept', password: 's4' } },
      global_headers: { Authorization: 's5', 'X-Api-Key': 's6', 'x-trace': 'kept' },
      request_signing: { key_id: 'kept', secret: 's7', certificate_id: 'kept' },
      headers: { 'admin-auth': 's8', 'x-tyk-authorization': 's9', Cookie: 's10' },
      user: { access_key: 's11', Password: 's12', new_password: 's13', email_address: 'kept' },
      private_key: 's14',
    };
    const text = JSON.stringify(redact(document));
    expect(text).not.toMatch(/s\d/);
    expect(text.match(/kept/g)).toHaveLength(8);
    expect(text.match(/\[redacted\]/g)).toHaveLength(14);
  });

  it('hides everything inside an object or list with a secret name, and keeps its form', () => {
    expect(redact({ password: { client_id: 'a', enabled: true, scopes: ['b', ''] }, pw_history: ['h', 1] })).toEqual({
      password: { client_id: REDACTED, enabled: true, scopes: [REDACTED, ''] },
      pw_history: [REDACTED, REDACTED],
    });
  });

  it('shows that there is no secret', () => {
    expect(redact({ secret: '', password: null, token: false })).toEqual({ secret: '', password: null, token: false });
  });

  it('tells a shared JWT secret from public keys and addresses', () => {
    const publicKey = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----';
    const kept = [
      '',
      'https://idp.example/jwks',
      base64('https://idp.example/jwks'),
      publicKey,
      base64(publicKey),
      'a'.repeat(88),
    ];
    for (const jwt_source of kept) expect(redact({ jwt_source })).toEqual({ jwt_source });
    for (const jwt_source of ['topsecret', base64('topsecret')]) {
      expect(redact({ jwt_source })).toEqual({ jwt_source: REDACTED });
      const provider = { jwt: { source: jwt_source, signing_method: 'hmac' } };
      expect(redact(provider)).toEqual({ jwt: { source: REDACTED, signing_method: 'hmac' } });
    }
    expect(redact({ source: 'header' })).toEqual({ source: 'header' });
  });

  it('hides passwords in URLs', () => {
    expect(redact({ target_url: 'https://user:pa$$@host:8080/x?y=a@b:c@d' })).toEqual({
      target_url: 'https://user:[redacted]@host:8080/x?y=a@b:c@d',
    });
    for (const url of ['http://host:8080/a@b', 'http://user@host', '//a:b/c@d']) expect(redact(url)).toBe(url);
  });

  it('is a copy that keeps everything else, whatever the names', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const before = JSON.stringify(value);
        expect(canonicalJson(redact(value))).toBe(canonicalJson(value));
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });

  it('never lets a secret through, however deep', () => {
    const wrap = (value: JsonValue, names: string[]) =>
      names.reduce<JsonValue>((inner, name) => (name === '' ? [inner] : { [name]: inner }), value);
    fc.assert(
      fc.property(
        fc.constantFrom('password', 'Access_Key', 'client-secret', 'JWT_SECRET', 'authorization'),
        fc.array(fc.string({ maxLength: 3 })),
        fc.array(fc.string({ maxLength: 3 })),
        (name, inside, around) => {
          const document = wrap({ [name]: wrap('hunter2', inside) }, around);
          expect(JSON.stringify(redact(document))).not.toContain('hunter2');
          expect(JSON.stringify(redactDiff(diffJson({}, document)))).not.toContain('hunter2');
          expect(JSON.stringify(redactDiff(diffJson(document, {})))).not.toContain('hunter2');
        },
      ),
    );
  });
});

describe('redactDiff', () => {
  it('hides a secret that only the path names', () => {
    const before = { auth: { secret: 'old' }, password: ['a', 'b'], jwt_source: 'x', name: 'n' };
    const after = { auth: { secret: 'new' }, password: ['a', 'c'], jwt_source: 'https://idp', name: 'm' };
    expect(redactDiff(diffJson(before, after))).toEqual([
      { op: 'replace', path: '/auth/secret', before: REDACTED, value: REDACTED },
      { op: 'replace', path: '/password/1', before: REDACTED, value: REDACTED },
      { op: 'replace', path: '/jwt_source', before: REDACTED, value: 'https://idp' },
      { op: 'replace', path: '/name', before: 'n', value: 'm' },
    ]);
  });
});
