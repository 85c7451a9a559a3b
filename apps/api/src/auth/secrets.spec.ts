import fc from 'fast-check';
import { accessKeyHash, equalSecrets, newAccessKey } from './secrets';

describe('promise 9: secrets stay secret', () => {
  it('finds exactly equal secrets equal', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(equalSecrets(a, a)).toBe(true);
        expect(equalSecrets(a, b)).toBe(a === b);
      }),
    );
  });

  it('makes access keys that nobody has had before, in the form that clients know', () => {
    const keys = Array.from({ length: 100 }, newAccessKey);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('stores sha256 of a key', () => {
    expect(accessKeyHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
