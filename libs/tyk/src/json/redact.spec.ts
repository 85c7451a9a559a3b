import * as fc from 'fast-check';
import { diffJson } from './diff';
import { canonicalJson, type JsonValue } from './json-text';
import { REDACTED, redact, redactDiff } from './redact';
import { anyJson } from '../testing/arbitraries';

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

  it('hides what people call secrets in headers, settings of plugins and data sources', () => {
    const document = {
      config_data: { vault_token: 's1', smtp_password: 's2', 'aws-secret-access-key': 's3', retries: 3, note: 'kept' },
      version_data: {
        versions: {
          Default: {
            global_headers: { 'X-Auth-Token': 's4', 'Ocp-Apim-Subscription-Key': 's5', 'X-Tenant': 'kept' },
            extended_paths: { transform_headers: [{ add_headers: { 'PRIVATE-TOKEN': 's6', 'x-auth': 's7' } }] },
          },
        },
      },
      event_handlers: { events: { QuotaExceeded: [{ handler_meta: { header_map: { 'x-signing-key': 's8' } } }] } },
      graphql: {
        engine: {
          global_headers: [{ key: 'Authorization', value: 's9' }],
          data_sources: [{ config: { headers: { 'api-key': 's10' }, sasl: { user: 'kept', password: 's11' } } }],
        },
        proxy: { auth_headers: { 'X-Session': 's12' }, request_headers: { 'x-kind': 'kept' } },
      },
      // Settings of authentication, which say where a token is and not what it is.
      auth_configs: { authToken: { auth_header_name: 'kept', use_cookie: true } },
    };
    const text = JSON.stringify(redact(document));
    expect(text).not.toMatch(/s\d/);
    expect(text.match(/kept/g)).toHaveLength(5);
    expect(text).toContain('"retries":3');
  });

  it('hides the secrets of OAS documents, where headers are pairs and schemes have names of their own', () => {
    const gateway = {
      server: {
        authentication: {
          securitySchemes: { ours: { header: { name: 'kept' }, source: 's1', signingMethod: 'hmac' } },
        },
        eventHandlers: [{ headers: [{ name: 'X-Api-Key', value: 's2' }] }],
        detailedActivityLogs: { enabled: true },
      },
      middleware: {
        global: { transformRequestHeaders: { add: [{ name: 'Authorization', value: 's3' }] } },
        operations: { op: { transformRequestHeaders: { add: [{ name: 'X-Trace', value: 'kept' }] } } },
      },
      upstream: {
        url: 'https://host/?api_key=s4&page=kept',
        authentication: {
          basicAuth: { username: 'kept', password: 's5' },
          oauth: { clientCredentials: { clientId: 'kept', clientSecret: 's6' } },
          requestSigning: { keyId: 'kept', secret: 's7' },
        },
      },
    };
    const text = JSON.stringify(redact({ 'x-tyk-api-gateway': gateway }));
    expect(text).not.toMatch(/s\d/);
    expect(text.match(/kept/g)).toHaveLength(6);
    const keySet = { securitySchemes: { ours: { source: base64('https://idp.example/jwks') } } };
    expect(redact(keySet)).toEqual(keySet);
  });

  it.each([
    ['Bearer eyJhbGciOiJIUzI1NiJ9.e30.x', `Bearer ${REDACTED}`],
    [`Basic ${base64('user:pass')}`, `Basic ${REDACTED}`],
    ['a\n-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\nb', `a\n${REDACTED}\nb`],
    ['-----BEGIN PRIVATE KEY-----\nMIIB', REDACTED],
    ['/path?access_token=abc&x=1', `/path?access_token=${REDACTED}&x=1`],
    ['Bearer', 'Bearer'],
    ['Basic authentication', 'Basic authentication'],
    ['-----BEGIN PUBLIC KEY-----\nMIIB', '-----BEGIN PUBLIC KEY-----\nMIIB'],
  ])('knows credentials by their form: %j', (text, expected) => {
    expect(redact({ note: text })).toEqual({ note: expected });
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

  it('hides the value of a header in a list, of which nothing in the operation says the name', () => {
    const documentWith = (value: string) => ({
      'x-tyk-api-gateway': {
        server: { authentication: { securitySchemes: { ours: { source: value } } } },
        middleware: { global: { transformRequestHeaders: { add: [{ name: 'Authorization', value }] } } },
      },
    });
    expect(JSON.stringify(redactDiff(diffJson(documentWith('old'), documentWith('new'))))).not.toMatch(/old|new/);
  });
});
