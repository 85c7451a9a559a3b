import { toGoPattern } from './go-pattern';

/* What Go's regexp package made of each of these. */

describe('patterns as nodes compile them', () => {
  it.each([
    ...['^[a-z]+$', '^\\+?[1-9]\\d{1,14}$', '[\\w-.]+', '^[\\p{L} ]*$', '^.{0,1000}$', 'a{,2}', '(?i)a', 'x(?i)*'],
    ...['(?P<name>a)', '[[:alpha:]]', '[]]', '[^]]', '\\x{41}', 'a*?', '\\/', '\\12', '[--/]', '😀+'],
  ])('takes %s', (pattern) => {
    expect(toGoPattern(pattern)).toBe(pattern);
    // The second time from memory.
    expect(toGoPattern(pattern)).toBe(pattern);
  });

  it('writes named groups as all nodes know them', () => {
    expect(toGoPattern('(?<name>a)')).toBe('(?P<name>a)');
  });

  it('writes code points as all nodes know them', () => {
    expect(toGoPattern('[\\u4e00-\\u9FA5]')).toBe('[\\x{4e00}-\\x{9FA5}]');
  });

  it.each([
    ...['^(?=.*[A-Z]).{8,}$', '^(?!0+$)', '(?<=a)b', '(a)\\1', '^.{0,2048}$', 'a{3,2}', 'a**', 'a*+', '*a', 'a|*'],
    ...['(', 'a)', '[]', '[z-a]', '[a-\\d]', '\\e', '[\\b]', 'a\\'],
  ])('refuses %s', (pattern) => {
    expect(toGoPattern(pattern)).toBeNull();
    expect(toGoPattern(pattern)).toBeNull();
  });
});
