import { safePath } from './safe-path';

describe('where a login leads', () => {
  it.each(['/', '/apis', '/apis/1?tab=a&b=%20#top', '/a//e'])('follows a path of our own: %s', (path) => {
    expect(safePath(path)).toBe(path);
  });

  it.each([
    undefined,
    '',
    '//e',
    '/\\e',
    '/%5Ce',
    '/%2fe',
    '\\\\e',
    'https:e',
    'http:///e',
    'https://e/',
    '/%09/e\t',
    '/\t/e',
    ' //e',
    'javascript:alert(1)',
    'data:text/html,x',
    '/\u3002e',
    '/\uff0fe',
    '/x\r\nset-cookie: a=b',
    '/./\\e',
    '/.//e',
    `/${'a'.repeat(3_000)}`,
  ])('leads to the front page for %j', (path) => {
    expect(safePath(path)).toBe('/');
  });
});
