import { gzipSync } from 'node:zlib';
import { logMessage } from './log.dto';

const message = (head: string, body: Buffer | string): string =>
  Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from(body)]).toString('base64');

describe('a recorded message, as it is shown', () => {
  const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]);

  it.each([
    ['a picture', 'HTTP/1.1 200 OK\r\nContent-Type: image/png', picture],
    ['what is compressed', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip', gzipSync('hello')],
    [
      'a form with an archive in it',
      'POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x',
      Buffer.concat([Buffer.from('--x\r\n\r\nPK'), Buffer.from([3, 4, 20, 0]), Buffer.from('\r\n--x--')]),
    ],
  ])('is said to be binary, with its kind and its size, and never given as broken text: %s', (_, head, body) => {
    const size = Buffer.byteLength(head) + 4 + body.length;
    expect(logMessage(message(head, body), undefined)).toEqual({
      head,
      body: null,
      binary: true,
      size,
      truncated: false,
    });
  });

  it('is text where it is, also when that has an empty line and characters of several bytes', () => {
    const body = 'one\r\n\r\ntwö 😀';
    expect(logMessage(message('POST / HTTP/1.1', body), undefined)).toMatchObject({ body, binary: false });
  });

  it('says its true size where less is kept, and nothing of one that was not recorded', () => {
    expect(logMessage(message('GET / HTTP/1.1', 'he'), 1_000)).toMatchObject({
      body: 'he',
      size: 1_000,
      truncated: true,
    });
    expect([logMessage('', undefined), logMessage(undefined, undefined)]).toEqual([null, null]);
  });
});
