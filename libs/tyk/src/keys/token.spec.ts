import * as fc from 'fast-check';
import { KEY_HASH_ALGORITHMS } from './key-hash-algorithm';
import { generateToken, organisationOfToken, parseToken, tokenAlgorithm, withoutKeyTokens } from './token';

const org = '5e9d9544a1dcd60001d0ed20';
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('tokens', () => {
  it('writes the documented sample token', () => {
    expect(generateToken(org, 'hello-world', 'murmur64')).toBe(
      'eyJvcmciOiI1ZTlkOTU0NGExZGNkNjAwMDFkMGVkMjAiLCJpZCI6ImhlbGxvLXdvcmxkIiwiaCI6Im11cm11cjY0In0=',
    );
  });

  it('puts organisation and key in a row without an algorithm', () => {
    const token = generateToken(org, '3065aff7f82a41a2a4fda7b2fc820e8b');
    expect(token).toBe(`${org}3065aff7f82a41a2a4fda7b2fc820e8b`);
    expect(parseToken(token)).toEqual({
      form: 'legacy',
      organisationId: org,
      keyId: '3065aff7f82a41a2a4fda7b2fc820e8b',
    });
  });

  it('takes apart what it made', () => {
    const plain = fc.string().filter((text) => JSON.stringify(text) === `"${text}"`);
    fc.assert(
      fc.property(plain, plain, fc.constantFrom(...KEY_HASH_ALGORITHMS), (organisationId, keyId, algorithm) => {
        const token = generateToken(organisationId, keyId, algorithm);
        expect(parseToken(token)).toEqual({ form: 'json', organisationId, keyId, algorithm });
      }),
    );
  });

  it('never throws on what callers send', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(base64), fc.base64String()), (token) => {
        expect(['json', 'legacy']).toContain(parseToken(token).form);
      }),
    );
  });

  it.each(['a"b', 'a\\b', 'a\nb'])('refuses the id %j in a JSON token', (id) => {
    expect(() => generateToken(org, id, 'sha256')).toThrow(RangeError);
  });

  it('knows the organisation of a token', () => {
    expect(organisationOfToken(`${org}abc`)).toBe(org);
    expect(organisationOfToken(org)).toBeUndefined();
    expect(organisationOfToken('my-own-custom-key-that-is-long-enough')).toBeUndefined();
    expect(organisationOfToken(base64('{"org":"","id":"x"}'))).toBeUndefined();
    expect(organisationOfToken(base64('{"id":"x"}'))).toBeUndefined();
    expect(organisationOfToken('')).toBeUndefined();
  });

  it('reads the first of two equal fields, as gateways do', () => {
    const token = base64('{"x":{"org":"inner"},"org":"first","org":"second","h":"sha256","h":"murmur64"}');
    expect(organisationOfToken(token)).toBe('first');
    expect(tokenAlgorithm(token)).toBe('sha256');
  });

  it('does not take the word for the field', () => {
    expect(tokenAlgorithm(base64('{"org":"h","id":"h:","list":["h","sha256"]}'))).toBeUndefined();
    expect(tokenAlgorithm(base64('{"org":"\\"h\\":\\"sha256\\""}'))).toBeUndefined();
  });

  it('decodes base64 as strictly as gateways', () => {
    const token = generateToken(org, 'hello-world', 'murmur64');
    expect(tokenAlgorithm(token.replace('=', ''))).toBeUndefined();
    expect(tokenAlgorithm(`${token.slice(0, 8)}\n${token.slice(8)}`)).toBe('murmur64');
    expect(tokenAlgorithm(`ey-_${token}`)).toBeUndefined();
  });

  it('are taken out of texts, and nothing else is', () => {
    const json = generateToken(org, '3065aff7f82a41a2a4fda7b2fc820e8b', 'murmur128');
    const legacy = generateToken(org, '3065aff7f82a41a2a4fda7b2fc820e8b');
    expect(withoutKeyTokens(`of ${json}, ${legacy}.`, '*')).toBe('of *, *.');
    const others = [
      base64('{"name":"somebody who is no key of anybody"}'),
      'a'.repeat(64),
      `${org}${'b'.repeat(64)}`,
      org,
    ];
    expect(withoutKeyTokens(others.join(' '), '*')).toBe(others.join(' '));
  });
});
