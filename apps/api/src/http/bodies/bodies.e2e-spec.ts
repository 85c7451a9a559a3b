import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { listOf, unique } from '@castellan/testing';
import { ApiUnderTest } from '../../../test/api-under-test';

const limit = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly message: unknown;
  readonly paths: readonly unknown[];
}

describe('bodies', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ BODY_LIMIT: String(limit) });
  });
  afterAll(() => api.stop());

  const send = async (body: Buffer | string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const { status, json } = await api.admin.post('/admin/organisations', body, {
      headers: { 'content-type': 'application/json', ...headers },
    });
    const errors = status === 200 ? [] : listOf(json['Errors']);
    return {
      status,
      code: json['Code'],
      message: json['Message'],
      paths: errors.map(({ path }) => path),
    };
  };
  const organisation = (more = ''): string => `{"owner_name":"${unique('org')}"${more}}`;

  describe('promise 10: what would not come out as it was sent is refused', () => {
    it.each([
      ['a name twice', '{"owner_name":"a","owner_name":"b"}', 'owner_name'],
      ['a name twice, once with an escape', '{"a":[{"x":{"a.b":1,"a\\u002eb":2}}]}', 'a[0].x["a.b"]'],
      ['an empty name twice', '{"":1,"":1}', '[""]'],
      ['__proto__ twice', '{"__proto__":1,"__proto__":2}', '__proto__'],
      ['2^53 + 1', '{"a":{"quota_max":9007199254740993}}', 'a.quota_max'],
      ['the maximum of 64 bits', '{"a":[1,9223372036854775807]}', 'a[1]'],
      ['an integer of many digits', `{"a":${'7'.repeat(1_000)}}`, undefined],
    ])('%s', async (_, body, path) => {
      const answer = await send(body);
      expect([answer.status, answer.code]).toEqual([400, 'malformed_json']);
      if (path !== undefined) expect(answer.paths).toEqual([path]);
    });

    it('with a sentence that is true about the maximum of 64 bits', async () => {
      const { message } = await send('{"quota_max":9223372036854775807}');
      expect(message).toBe(
        'Request body malformed: quota_max: 9223372036854775807 cannot be kept exactly; integers from -9007199254740991 to 9007199254740991 can',
      );
    });

    it('each place of it, up to a number', async () => {
      const many = Array.from({ length: 30 }, (_, index) => `"a${index}":1,"a${index}":2`).join(',');
      expect((await send(`{${many}}`)).paths).toHaveLength(20);
    });

    it('but not what only looks like it', async () => {
      const alike = ',"a":{"owner_name":1},"b":[{"a":1},{"a":1}],"c":"x\\",\\"c\\":","d":9007199254740991,"e":1e20';
      expect((await send(organisation(alike))).status).toBe(200);
    });
  });

  describe('are texts', () => {
    it('400: bytes that are no UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('{"owner_name":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
      expect(await send(body)).toMatchObject({ status: 400, code: 'malformed_json' });
    });

    it('in the character set that they name', async () => {
      const name = `${unique('org')} größer`;
      const body = Buffer.from(`{"owner_name":"${name}"}`, 'latin1');
      expect((await send(body, { 'content-type': 'text/plain; charset=ISO-8859-1' })).status).toBe(200);
      const { text } = await api.admin.get('/admin/organisations?p=-1');
      expect(text).toContain(name);
    });

    it('415: in a character set that nobody knows', async () => {
      const answer = await send(organisation(), { 'content-type': 'application/json; charset=klingon' });
      expect([answer.status, answer.code]).toEqual([415, 'unsupported_media_type']);
    });

    it('with or without a byte order mark', async () => {
      expect((await send(`\ufeff${organisation()}`)).status).toBe(200);
    });
  });

  describe('compressed', () => {
    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('are read: %s', async (coding, compress) => {
      expect((await send(compress(organisation()), { 'content-encoding': coding })).status).toBe(200);
    });

    it.each([
      ['gzip', gzipSync],
      // As fast as it goes: the best takes it seconds, and makes a bomb no worse.
      ['br', (text: Buffer) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    ])('413: grow no larger than others: %s', async (coding, compress) => {
      const bomb = compress(Buffer.alloc(64 * 1024 * 1024, ' '));
      expect(bomb.length).toBeLessThan(limit);
      expect(await send(bomb, { 'content-encoding': coding })).toMatchObject({ status: 413, code: 'body_too_large' });
    });

    it('400: when they are not what they say, or end too early', async () => {
      const whole = gzipSync(organisation());
      const headers = { 'content-encoding': 'gzip' };
      expect(await send(organisation(), headers)).toMatchObject({ status: 400, code: 'malformed_json' });
      expect(await send(whole.subarray(0, -10), headers)).toMatchObject({ status: 400, code: 'malformed_json' });
    });

    it.each(['zstd', 'gzip, gzip', 'toString'])('415: in another way: %s', async (coding) => {
      const answer = await send(organisation(), { 'content-encoding': coding });
      expect([answer.status, answer.code]).toEqual([415, 'unsupported_media_type']);
    });
  });

  describe('have limits', () => {
    it('413: many values', async () => {
      const list = `[${'0,'.repeat(900)}0],`;
      const answer = await send(`{"a":[${list.repeat(15)}0]}`);
      expect([answer.status, answer.code]).toEqual([413, 'body_too_large']);
      expect(answer.message).toContain('10000 values');
    });

    it('413: a long list', async () => {
      expect(await send(`{"a":[${'0,'.repeat(1_200)}0]}`)).toMatchObject({ status: 413, code: 'body_too_large' });
      expect((await send(organisation(`,"a":[${'0,'.repeat(900)}0]`))).status).toBe(200);
    });

    it('400: deep nesting', async () => {
      expect(await send('['.repeat(30_000))).toMatchObject({ status: 400, code: 'malformed_json' });
      expect((await send(organisation(`,"a":${'['.repeat(198)}${']'.repeat(198)}`))).status).toBe(200);
    });

    it('do not quote what could not be read', async () => {
      expect((await send('{"password":hunter2}')).message).not.toContain('hunter2');
    });
  });
});
