import { captureGroups, regexpFault, regexpWeight } from './regexp';

describe('regexpFault', () => {
  it.each(['', '/users', '^/users/[0-9]+$', '(?i)a', '(?P<id>[^/]+)', '(?:a|b)*', '\\(?<a', 'a{2,3}?', '[(?<a>]'])(
    'has nothing against %j',
    (pattern) => {
      expect(regexpFault(pattern)).toBeUndefined();
      // The second time from memory.
      expect(regexpFault(pattern)).toBeUndefined();
    },
  );

  it.each([
    ['/users/(', /missing closing \)/],
    ['[a', /missing closing \]/],
    ['(?=a)', /no look-ahead and no look-behind/],
    ['(?!a)b', /no look-ahead and no look-behind/],
    ['(?<!a)b', /no look-ahead and no look-behind/],
    ['(a)\\1', /no back-references/],
    ['*', /missing argument to repetition operator/],
    ['(?<id>a)', /write \(\?P<name>…\)/],
  ])('says of %j that it %s', (pattern, fault) => {
    expect(regexpFault(pattern)).toMatch(fault);
    expect(regexpFault(pattern)).toMatch(fault);
  });
});

describe('regexpWeight', () => {
  it.each([
    ['abc', 3],
    ['\\d\\d', 2],
    ['[a-z]{10}', 50],
    ['(ab){100}', 300],
    ['((ab){10}){10}', 310],
    ['a{3,7}', 7],
    ['a{2,}', 2],
    ['(((((', 0],
    ['{x}', 3],
  ])('of %s is %i', (pattern, weight) => {
    expect(regexpWeight(pattern)).toBe(weight);
  });
});

describe('captureGroups', () => {
  it('counts those that capture, with or without a name', () => {
    expect(captureGroups('(a)(?:b)(?P<c>c)\\(')).toBe(2);
  });
});
