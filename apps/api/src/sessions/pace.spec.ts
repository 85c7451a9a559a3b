import fc from 'fast-check';
import { restOfPace } from './pace';

describe('the pace of refusals', () => {
  it('makes what takes less than a pace take one, whatever it was, and what takes longer take whole ones', () => {
    for (const took of [0, 20, 47, 85, 234, 250]) expect(took + restOfPace(took, 250)).toBe(250);
    expect(251 + restOfPace(251, 250)).toBe(500);
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 5_000 }), (took, pace) => {
        const all = took + restOfPace(took, pace);
        expect(all % pace).toBe(0);
        expect(all).toBeGreaterThanOrEqual(pace);
        expect(all - took).toBeLessThanOrEqual(pace);
      }),
    );
  });

  it('is none where it is set so', () => {
    expect(restOfPace(47, 0)).toBe(0);
  });
});
