import { loadApiConfig } from '@castellan/config';
import { Sealer } from './sealed';

const sealerWith = (secretKey: string): Sealer =>
  new Sealer(
    loadApiConfig({
      CASTELLAN_ADMIN_SECRET: 'an-admin-secret-of-tests',
      CASTELLAN_NODE_SECRET: 'a-node-secret-of-tests',
      CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/none',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/none',
      CASTELLAN_SECRET_KEY: secretKey,
    }),
  );

describe('promise 9: texts that have to be read back', () => {
  const sealer = sealerWith('a key that only tests know');

  it('open for their owner with the key, and never look the same', () => {
    const sealed = sealer.seal('hunter2', 'ada');
    expect(sealed).not.toContain('hunter2');
    expect(sealer.seal('hunter2', 'ada')).not.toBe(sealed);
    expect(sealer.open(sealed, 'ada')).toBe('hunter2');
  });

  it('open for nobody else, not with another key, and not when they were changed', () => {
    const sealed = sealer.seal('hunter2', 'ada');
    // In the middle, because the last letter of base64 has bits that mean nothing.
    const middle = Math.floor(sealed.length / 2);
    const changed = `${sealed.slice(0, middle)}${sealed[middle] === 'A' ? 'B' : 'A'}${sealed.slice(middle + 1)}`;
    expect(() => sealer.open(sealed, 'eve')).toThrow();
    expect(() => sealer.open(changed, 'ada')).toThrow();
    expect(() => sealerWith('another key of other tests').open(sealed, 'ada')).toThrow();
  });

  it('cannot be made without a key', () => {
    expect(() => sealerWith('').seal('hunter2', 'ada')).toThrow(/CASTELLAN_SECRET_KEY/);
  });
});
