import * as fc from 'fast-check';
import { x64 } from 'murmurhash3js-revisited';
import { hashKey, hashText, isKeyHash } from './key-hash';
import { KEY_HASH_ALGORITHMS } from './key-hash-algorithm';
import { murmur128 } from './murmur';
import { generateToken } from './token';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('key hashes', () => {
  // Vectors that a live gateway was seen to use (docs/tyk/keys.md#hashes).
  it.each([
    ['54b53d3aeba6db5c350000023065aff7f82a41a2a4fda7b2fc820e8b', '807a7740'],
    ['54b53d3aeba6db5c35000002cfd409cf2339484885049c8178a0f457', '829f49a2'],
    ['hello', 'ef13efcd'],
    ['abcd', '86a7049e'],
    ['custom-key', 'd46c8d92'],
    ['', '00000000'],
    ['abc', '00000000'],
    ['key1', 'a8a4aadd'],
    ['0123456789abcdef', '61c9613e'],
    ['0123456789abcdefghijk', '0f8d4b9d'],
  ])('murmur32 of %j', (input, expected) => {
    expect(hashText(input, 'murmur32')).toBe(expected);
    expect(hashKey(input)).toBe(expected);
  });

  it.each([
    ['key1', '15d67461d2044fb3b5779866b4e3a989'],
    ['custom-key', 'adc4a3939770e1d609c50bb613a38d6b'],
    ['54b53d3aeba6db5c350000023065aff7f82a41a2a4fda7b2fc820e8b', 'cca93fc6213fa378521960a9afa584ab'],
    ['0123456789abcdef', '4be06d94cf4ad1a787c35b5c63a708da'],
    ['0123456789abcdefghijk', '00ad50be807c22daeacfab2a02802a63'],
    ['', '00000000000000000000000000000000'],
    // Published vector of the reference implementation.
    ['The quick brown fox jumps over the lazy dog', 'e34bbc7bbc071b6c7a433ca9c49a9347'],
  ])('murmur128 of %j', (input, expected) => {
    expect(hashText(input, 'murmur128')).toBe(expected);
    expect(hashText(input, 'murmur64')).toBe(expected.slice(0, 16));
  });

  it('murmur64 of hello', () => {
    expect(hashText('hello', 'murmur64')).toBe('cbd8a7b341bd9b02');
  });

  it('murmur128 of any bytes is what an independent implementation makes of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(murmur128(bytes)).toBe(x64.hash128(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('sha256', () => {
    expect(hashText('abc', 'sha256')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('hashes UTF-8 bytes, and a view into a larger buffer', () => {
    const bytes = Buffer.from('xxhéllo wörld, longer than one block');
    expect(murmur128(bytes.subarray(2))).toBe(hashText('héllo wörld, longer than one block', 'murmur128'));
  });

  it('looks a JSON token up with the algorithm it names, whatever the caller thinks', () => {
    const token = 'eyJvcmciOiI1ZTlkOTU0NGExZGNkNjAwMDFkMGVkMjAiLCJpZCI6ImhlbGxvLXdvcmxkIiwiaCI6Im11cm11cjY0In0=';
    expect(hashKey(token)).toBe('567b9a5419c3a9ef');
    expect(hashKey(token, 'sha256')).toBe('567b9a5419c3a9ef');
  });

  it('falls back to murmur32 for a token that names no known algorithm', () => {
    for (const json of ['{"org":"a","id":"b"}', '{"org":"a","h":"md5"}', '{"org":"a","h":7}', '{"h":""}']) {
      expect(hashKey(base64(json))).toBe(hashText(base64(json), 'murmur32'));
    }
  });

  it('have a form that no token has', () => {
    for (const algorithm of KEY_HASH_ALGORITHMS) expect(isKeyHash(hashText('x', algorithm))).toBe(true);
    for (const text of ['', 'abcdefg', 'ABCDEF01', 'ghijklmn', `5e9d9544a1dcd60001d0ed20${'0'.repeat(32)}`])
      expect(isKeyHash(text)).toBe(false);
  });

  it('always finds the key it stored', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9a-f]{24}$/),
        fc.uuid(),
        fc.constantFrom(...KEY_HASH_ALGORITHMS),
        (org, id, h) => {
          const token = generateToken(org, id, h);
          expect(hashKey(token)).toBe(hashText(token, h));
        },
      ),
    );
  });
});
