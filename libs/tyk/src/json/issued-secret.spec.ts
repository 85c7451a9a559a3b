import { randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { withoutBasicCredentials, withoutIssuedSecrets } from './issued-secret';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const without = (text: string): string => withoutIssuedSecrets(text, '*');

describe('secrets as Castellan and gateways make them', () => {
  it('are taken out wherever they stand in a text', () => {
    for (let round = 0; round < 200; round += 1) {
      const secret = base64(randomUUID());
      expect(without(`for ${secret}.`)).toBe('for *.');
      expect(without(`id:${secret}`)).toBe('id:*');
      expect(without(`/api/apis/${secret}/x${secret}y`)).toBe('/api/apis/*/x*y');
      expect(without(`hmac ${base64(randomBytes(16).toString('hex'))}, ${secret}`)).toBe('hmac *, *');
    }
  });

  it('are known by their form alone: ids, digests and other texts stay', () => {
    const others = [
      randomUUID(),
      randomBytes(16).toString('hex'),
      randomBytes(32).toString('hex'),
      randomBytes(36).toString('base64'),
      base64(randomUUID()).slice(1),
      base64(randomUUID()).toLowerCase(),
      base64('11111111-2222-1333-4444-555555555555'),
    ];
    for (const text of others) expect(without(text)).toBe(text);
    fc.assert(fc.property(fc.string(), (text) => without(text) === text));
  });

  it('are looked for in a time that grows with the text alone', () => {
    const beginnings = base64(`${randomUUID().slice(0, 35)}-`).repeat(20_000);
    expect(without(beginnings)).toBe(beginnings);
  });
});

describe('credentials of basic authentication', () => {
  it('are taken out behind their scheme, and words stay', () => {
    const sent = `curl -H 'Authorization: Basic ${base64('client:chosen secret')}', basic ${base64('a:b')}`;
    expect(withoutBasicCredentials(sent, '*')).toBe("curl -H 'Authorization: Basic *', basic *");
    const words = 'Basic authentication, basic rules';
    expect(withoutBasicCredentials(words, '*')).toBe(words);
  });
});
