import { Test } from '@nestjs/testing';
import { GenerationNumbers } from '@castellan/delivery';
import { Fingerprints } from './fingerprints';

describe('Fingerprints', () => {
  const fingerprintOf = async (generations: ReadonlyMap<string, number>): Promise<string> => {
    const module = await Test.createTestingModule({
      providers: [Fingerprints, { provide: GenerationNumbers, useValue: { all: () => Promise.resolve(generations) } }],
    }).compile();
    return module.get(Fingerprints).current();
  };

  it('is the same for the same state, in whatever order it is read', async () => {
    const one = await fingerprintOf(new Map([['a', 1], ['b', 2]])); // prettier-ignore
    const other = await fingerprintOf(new Map([['b', 2], ['a', 1]])); // prettier-ignore
    expect(one).toBe(other);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another one as soon as any organisation has changed, come or gone', async () => {
    const states = [
      new Map<string, number>(),
      new Map([['a', 1]]),
      new Map([['a', 2]]),
      new Map([['a', 1], ['b', 1]]), // prettier-ignore
      new Map([['a', 11]]),
      new Map([['a1', 1]]),
    ];
    const fingerprints = await Promise.all(states.map(fingerprintOf));
    expect(new Set(fingerprints).size).toBe(states.length);
  });

  it('fails when MongoDB is out of reach, and makes nothing up', async () => {
    const module = await Test.createTestingModule({
      providers: [
        Fingerprints,
        { provide: GenerationNumbers, useValue: { all: () => Promise.reject(new Error('out of reach')) } },
      ],
    }).compile();
    await expect(module.get(Fingerprints).current()).rejects.toThrow('out of reach');
  });
});
