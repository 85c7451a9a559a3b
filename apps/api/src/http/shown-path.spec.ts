import { shownPath } from './shown-path';

describe('paths in logs', () => {
  it.each([
    ['/api/keys/eyJvcmciOiJhIn0=', '/api/keys/[redacted]'],
    ['/api/keys/my%20key/reset', '/api/keys/[redacted]/reset'],
    ['/api/apis/-/keys/5e9d9544a1dcd60001d0ed20abc', '/api/apis/-/keys/[redacted]'],
    ['/API/Keys/token', '/API/Keys/[redacted]'],
    ['/api/activity/keys/token/1/12/2026/31/12/2026', '/api/activity/keys/[redacted]/1/12/2026/31/12/2026'],
    [
      '/api/activity/keys/aggregate/0123abcd,token/1/1/2026/2/1/2026',
      '/api/activity/keys/aggregate/[redacted]/1/1/2026/2/1/2026',
    ],
    [
      '/api/activity/keys/endpoint/token/1/1/2026/2/1/2026/',
      '/api/activity/keys/endpoint/[redacted]/1/1/2026/2/1/2026/',
    ],
  ])('hide the token in %s', (path, shown) => {
    expect(shownPath(path)).toBe(shown);
  });

  it.each([
    '/api/keys',
    '/api/keys/detailed',
    '/api/apis/-/keys/search',
    '/api/keys/0123abcd',
    '/api/activity/keys/1/12/2026/31/12/2026',
    '/api/activity/keys/aggregate/0123abcd,89abcdef/1/1/2026/2/1/2026',
    '/api/apis/keys/basic/ada',
    '/api/apis/5ead7120575961000181867e',
  ])('show %s', (path) => {
    expect(shownPath(path)).toBe(path);
  });
});
