import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { withoutAccessKeys } from '@castellan/tyk';
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

  it('makes them so that they are known wherever they stand, and nothing else is taken for one', () => {
    const key = newAccessKey();
    for (const text of [key, `as ${key.toUpperCase()}.`, `/api/apis/${key}/x`]) {
      expect(withoutAccessKeys(text, '-')).toBe(text.replace(new RegExp(key, 'i'), '-'));
    }
    const ids = Array.from({ length: 200 }, () => randomUUID().replaceAll('-', ''));
    for (const text of [...ids, `${key}0`, `0${key}`, key.slice(1)]) expect(withoutAccessKeys(text, '-')).toBe(text);
  });

  it('stores sha256 of a key', () => {
    expect(accessKeyHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
