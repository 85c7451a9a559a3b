import { anAnalyticsRecord, encodeRecord } from '@castellan/testing';
import { canonicalAddress, truncatedAddress } from './address';
import { applyPrivacy, defaultPrivacy, isLeftOut, type KeptRecord, type Privacy } from './privacy';
import { decodeRecord } from './wire/lists';

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const keep = (
  fields: Readonly<Record<string, unknown>>,
  privacy: Partial<Privacy> = {},
  limit = 1_000_000,
): KeptRecord =>
  applyPrivacy(
    decodeRecord('analytics-tyk-system-analytics', encodeRecord(anAnalyticsRecord(fields))),
    { ...defaultPrivacy, ...privacy },
    limit,
  );
const requestOf = ({ record }: KeptRecord): string => Buffer.from(record.rawRequest, 'base64').toString();

describe('addresses', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4', '1.2.3.0'],
    ['1.2.3.4:8080', '1.2.3.4', '1.2.3.0'],
    ['1.2.3.4, 5.6.7.8', '1.2.3.4', '1.2.3.0'],
    ['2001:DB8:0:0::1', '2001:db8::1', '2001:db8::'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2::1', '2001:db8:1::'],
    ['::ffff:1.2.3.4', '1.2.3.4', '1.2.3.0'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::'],
    ['unknown', 'unknown', ''],
    ['', '', ''],
    ['x'.repeat(300), 'x'.repeat(64), ''],
  ])('%s is %s, and its network is %s', (text, address, network) => {
    expect([canonicalAddress(text), truncatedAddress(text)]).toEqual([address, network]);
    expect(keep({ IPAddress: text }, { addresses: 'truncate' }).record.ipAddress).toBe(network);
    expect(keep({ IPAddress: text }, { addresses: 'drop' }).record.ipAddress).toBe('');
  });
});

describe('requests that are left out', () => {
  const leaveOut = { apis: ['a'], keys: ['k'], paths: ['/health'] };
  it.each([
    [{ APIID: 'a' }, true],
    [{ APIKey: 'k' }, true],
    [{ Path: '/health/live' }, true],
    [{ APIID: 'aa', APIKey: 'kk', Path: '/a/health' }, false],
  ])('%j: %s', (fields, expected) => {
    const { record } = keep(fields);
    expect([isLeftOut(record, { ...defaultPrivacy, leaveOut }), isLeftOut(record, defaultPrivacy)]).toEqual([
      expected,
      false,
    ]);
  });
});

describe('recorded messages', () => {
  const secret = 's3cr3t-value';
  const request = [
    `POST /pay?api_key=${secret}&page=2 HTTP/1.1`,
    'Host: example.org',
    `AUTHORIZATION: Bearer ${secret}`,
    `Cookie: a=${secret};`,
    ` b=${secret}`,
    `x-API-key: ${secret}`,
    `X-Tenant: tenant-7`,
    'X-Forwarded-For: 203.0.113.7',
    '',
    `{"user":"ada","password":"${secret}","amount":12}`,
  ].join('\r\n');
  const response = ['HTTP/1.1 200 OK', `Set-Cookie: session=${secret}`, '', `{"access_token": "${secret}"}`].join(
    '\r\n',
  );

  it('lose what proves who somebody is, whatever the settings', () => {
    const kept = keep({ RawRequest: base64(request), RawResponse: base64(response) });
    const texts = [requestOf(kept), Buffer.from(kept.record.rawResponse, 'base64').toString()];
    for (const text of texts) expect(text).not.toContain(secret);
    expect(texts[0]).toContain('POST /pay?api_key=[redacted]&page=2 HTTP/1.1');
    expect(texts[0]).toContain('{"user":"ada","password":"[redacted]","amount":12}');
    expect(texts[0]).toContain('X-Tenant: tenant-7\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n');
  });

  it('lose listed headers, queries and addresses when the organisation wants that', () => {
    const text = requestOf(
      keep(
        { RawRequest: base64(request), Path: '/pay?page=2', RawPath: '/pay?page=2' },
        { redactHeaders: ['x-tenant'], dropQuery: true, addresses: 'truncate' },
      ),
    );
    expect(text).toContain('POST /pay HTTP/1.1\r\n');
    expect(text).not.toContain('tenant-7');
    expect(text).not.toContain('203.0.113.7');
    expect(keep({ RawPath: '/pay?page=2' }, { dropQuery: true }).record.rawPath).toBe('/pay');
  });

  it('lose the fields of a form, and keep bodies of other kinds byte for byte', () => {
    const form = `POST / HTTP/1.1\r\n\r\nuser=ada&password=${secret}`;
    expect(requestOf(keep({ RawRequest: base64(form) }))).toContain('user=ada&password=[redacted]');
    const picture = Buffer.concat([
      Buffer.from('POST / HTTP/1.1\r\n\r\n'),
      Buffer.from([0x89, 0x50, 0, 0xff, 0xfe, 0x0d]),
    ]);
    expect(keep({ RawRequest: base64(picture) }).record.rawRequest).toBe(base64(picture));
  });

  it('are cut between characters when they are too long, and marked with the true size', () => {
    const text = `POST / HTTP/1.1\r\n\r\n${'😀'.repeat(100)}`;
    const kept = keep({ RawRequest: base64(text) }, {}, 26);
    expect(requestOf(kept)).toBe('POST / HTTP/1.1\r\n\r\n😀');
    expect(kept.cut).toEqual({ rawRequest: Buffer.byteLength(text) });
    expect(keep({ RawRequest: base64(text) }).cut).toEqual({});
  });

  it('are left out when the organisation wants that', () => {
    const { record } = keep({ RawRequest: base64(request), RawResponse: base64(response) }, { dropMessages: true });
    expect([record.rawRequest, record.rawResponse]).toEqual(['', '']);
  });
});
