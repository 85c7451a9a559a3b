import fc from 'fast-check';
import { ValidationFailed } from '@castellan/dto';
import { pageCount, placeOf } from './paging';

describe('placeOf', () => {
  it('takes a page, or what comes after a position', () => {
    expect(placeOf({ p: 3, after: undefined })).toEqual({ page: 3 });
    expect(placeOf({ p: null, after: undefined })).toEqual({ page: null });
    expect(placeOf({ p: 1, after: 'x' })).toEqual({ after: 'x' });
  });

  it('refuses both together', () => {
    expect(() => placeOf({ p: 2, after: 'x' })).toThrow(ValidationFailed);
    expect(() => placeOf({ p: null, after: 'x' })).toThrow(ValidationFailed);
  });
});

describe('pageCount', () => {
  it('has just as many pages as it takes to hold everything', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1_000 }), (total, pageSize) => {
        const pages = pageCount(total, { page: 1 }, pageSize);
        expect(pages * pageSize).toBeGreaterThanOrEqual(total);
        expect((pages - 1) * pageSize).toBeLessThan(total === 0 ? 1 : total);
        expect(pageCount(total, { after: 'x' }, pageSize)).toBe(pages);
      }),
    );
  });

  it('counts a list that is given whole as one page, and an empty one as none', () => {
    expect(pageCount(1_000, { page: null }, 10)).toBe(1);
    expect(pageCount(0, { page: null }, 10)).toBe(0);
    expect(pageCount(0, { page: 1 }, 10)).toBe(0);
  });
});
