import { BadRedisUrl, parseRedisUrl } from './deployment';

describe('addresses of a Redis', () => {
  it.each([
    ['redis://localhost', { kind: 'single', addresses: [{ host: 'localhost', port: 6379 }], database: 0, tls: false }],
    [
      'rediss://ada:p%40ss@[::1]:7000/3',
      {
        ...{ kind: 'single', addresses: [{ host: '::1', port: 7000 }], database: 3, tls: true },
        ...{ username: 'ada', password: 'p@ss' },
      },
    ],
    [
      'redis+sentinel://:secret@one,two:5000/main/2',
      {
        kind: 'sentinel',
        addresses: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 5000 },
        ],
        ...{ master: 'main', database: 2, password: 'secret', tls: false },
      },
    ],
    [
      'rediss+cluster://a:1,b:2/',
      {
        kind: 'cluster',
        addresses: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        ...{ database: 0, tls: true },
      },
    ],
  ])('are read from %s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual(expected);
  });

  it.each([
    ['http://host', 'a URL such as'],
    ['redis://', 'a URL such as'],
    ['redis://a,b', 'one server'],
    ['redis://host/two', 'number of a database'],
    ['redis://host/1/2', 'number of a database'],
    ['redis://host:70000', 'ports'],
    ['redis+sentinel://host', 'master'],
    ['redis+cluster://host/1', 'no database'],
    ['redis+cluster://host,,other', 'host:port'],
    ['redis://us%er:x@host', 'percent-encoded'],
  ])('are refused when they read %s', (url, message) => {
    expect(() => parseRedisUrl(url)).toThrow(BadRedisUrl);
    expect(() => parseRedisUrl(url)).toThrow(message);
  });

  it('never repeat the password', () => {
    expect(() => parseRedisUrl('redis://user:hunter2@host/x')).toThrow(
      expect.not.stringContaining('hunter2') as string,
    );
  });
});
