import { everything, isEverything, isSameSubset, isWithin, outsideOf, sectionsOf, subsetFrom } from './subset';

const api = (tags: readonly string[], categories: readonly string[] = []) => ({ tags, categories });

describe('a subset', () => {
  it('is everything when nothing restricts it', () => {
    for (const subset of [everything, subsetFrom([], undefined)]) {
      expect([isEverything(subset), isWithin(subset, { tags: null, categories: null })]).toEqual([true, true]);
      expect(sectionsOf(subset)).toEqual(['apis', 'policies', 'hooks', 'assets']);
    }
  });

  it('is the same in whatever order its tags are named', () => {
    expect(isSameSubset(subsetFrom(['b', 'a', 'b'], 'x'), subsetFrom(['a', 'b'], 'x'))).toBe(true);
    expect(isSameSubset(subsetFrom(['a'], undefined), subsetFrom(['a'], 'x'))).toBe(false);
  });

  it('has what carries every tag and the category', () => {
    const subset = subsetFrom(['eu', 'pay'], 'money');
    expect(isWithin(subset, api(['pay', 'eu', 'x'], ['money']))).toBe(true);
    expect(isWithin(subset, api(['pay'], ['money']))).toBe(false);
    expect(isWithin(subset, api(['pay', 'eu']))).toBe(false);
    expect(isWithin(subset, { tags: null, categories: null })).toBe(false);
    expect(outsideOf(subset, api([]))?.message).toMatch(/lacks tag "eu" or tag "pay" or category "money"$/);
    expect(outsideOf(everything, api([]))).toBeNull();
  });

  it('has the sections of the kinds that can be told apart so', () => {
    expect(sectionsOf(subsetFrom(['eu'], undefined))).toEqual(['apis', 'policies']);
    expect(sectionsOf(subsetFrom(['eu'], 'money'))).toEqual(['apis']);
  });
});
