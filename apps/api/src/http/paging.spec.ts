import fc from 'fast-check';
import { pageCount, pageFrom } from './paging';

describe('pageFrom', () => {
  it.each([
    [undefined, 1],
    ['', 1],
    ['0', 1],
    ['1', 1],
    ['2', 2],
    ['-1', null],
    ['-2', null],
    ['two', 1],
    ['1.5', 1],
    ['NaN', 1],
    ['Infinity', 1],
  ])('reads p=%s as page %s', (p, page) => {
    expect(pageFrom(p)).toBe(page);
  });

  it('gives every whole number above zero its own page', () => {
    fc.assert(fc.property(fc.integer({ min: 1 }), (p) => pageFrom(String(p)) === p));
  });
});

describe('pageCount', () => {
  it('has just as many pages as it takes to hold everything', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1_000 }), (total, pageSize) => {
        const pages = pageCount(total, 1, pageSize);
        expect(pages * pageSize).toBeGreaterThanOrEqual(total);
        expect((pages - 1) * pageSize).toBeLessThan(total === 0 ? 1 : total);
      }),
    );
  });

  it('counts a list that is given whole as one page, and an empty one as none', () => {
    expect(pageCount(1_000, null, 10)).toBe(1);
    expect(pageCount(0, null, 10)).toBe(0);
    expect(pageCount(0, 1, 10)).toBe(0);
  });
});
