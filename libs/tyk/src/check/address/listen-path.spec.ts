import * as fc from 'fast-check';
import { listenClaims, normaliseListenPath } from './listen-path';

describe('normaliseListenPath', () => {
  it.each([
    ['', ''],
    ['/', '/'],
    ['//', '/'],
    ['/a/', '/a'],
    ['/a', '/a'],
    ['a/b//', '/a/b'],
    ['/A/{id:[0-9]+}/', '/A/{:[0-9]+}'],
    ['/a/{id}/b', '/a/{}/b'],
  ])('%j is %j', (path, expected) => {
    expect(normaliseListenPath(path)).toBe(expected);
  });

  it('does nothing the second time', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a/]*$/), (path) => {
        expect(normaliseListenPath(normaliseListenPath(path))).toBe(normaliseListenPath(path));
      }),
    );
  });
});

describe('listenClaims', () => {
  it('claims host, path and each tag', () => {
    expect(listenClaims({ listenPath: '/a/', active: true })).toEqual(['|/a#']);
    expect(listenClaims({ listenPath: '/a/', domain: 'API.Example.com', active: true })).toEqual([
      'api.example.com|/a#',
    ]);
    expect(listenClaims({ listenPath: '/a', tags: ['eu', 'us', 'eu'], active: true })).toEqual(['|/a#eu', '|/a#us']);
  });

  it('ignores what is switched off', () => {
    expect(listenClaims({ listenPath: '/a/', active: false })).toEqual([]);
    expect(listenClaims({ listenPath: '/a/', domain: 'x', domainDisabled: true, active: true })).toEqual(['|/a#']);
    expect(listenClaims({ listenPath: '/a/', tags: ['eu'], tagsDisabled: true, active: true })).toEqual(['|/a#']);
  });

  it('keeps ports apart, and claims the path of the API id when asked to', () => {
    expect(listenClaims({ listenPath: '/', listenPort: 8443, active: true })).toEqual([':8443|/#']);
    expect(listenClaims({ listenPath: '/shop/', apiId: 'b1', active: true })).toEqual(['|/shop#', '|/b1#']);
    expect(listenClaims({ listenPath: '/b1/', apiId: 'b1', active: true })).toEqual(['|/b1#']);
  });

  it('lets variables meet whatever their names, and not where their patterns differ', () => {
    const claim = (listenPath: string, domain = '') => listenClaims({ listenPath, domain, active: true });
    expect(claim('/a/{id}/')).toEqual(claim('/a/{key}'));
    expect(claim('/a/{id:[0-9]+}/')).not.toEqual(claim('/a/{id}/'));
    expect(claim('/', '{sub:\\D+}.Example.org')).toEqual(claim('/', '{x:\\D+}.example.org'));
    expect(claim('/', '{sub:\\D+}.example.org')).not.toEqual(claim('/', '{sub:\\d+}.example.org'));
  });

  it('claims the port of a service without paths', () => {
    const tcp = { listenPath: '/tcp/', apiId: 'b1', anyPath: true, listenPort: 9000, active: true };
    expect(listenClaims(tcp)).toEqual([':9000|#']);
    expect(listenClaims({ ...tcp, domain: 'db.example.org' })).toEqual(['db.example.org:9000|#']);
  });

  it('lets the forms of a name meet that clients send alike, and keeps the letter case of paths', () => {
    const claim = (domain: string, listenPath = '/') => listenClaims({ domain, listenPath, active: true });
    expect(claim('bücher.example')).toEqual(claim('xn--bcher-kva.example'));
    expect(claim('BÜCHER.example')).toEqual(claim('xn--bcher-kva.EXAMPLE'));
    expect(claim('{x}.bücher.example')).toEqual(claim('{y}.xn--bcher-kva.example'));
    expect(claim('', '/A')).not.toEqual(claim('', '/a'));
  });

  it('claims nothing that gateways look up', () => {
    expect(listenClaims({ listenPath: 'secrets://path', apiId: 'b1', active: true })).toEqual(['|/b1#']);
    const domain = { listenPath: '/a', domain: 'env://HOST', active: true };
    expect(listenClaims(domain)).toEqual([]);
    expect(listenClaims({ ...domain, domainDisabled: true })).toEqual(['|/a#']);
  });

  it('claims nothing without a path', () => {
    expect(listenClaims({ listenPath: '', active: true })).toEqual([]);
  });

  it('cannot be fooled by separators inside the parts', () => {
    const claim = (domain: string, listenPath: string, tag: string) =>
      listenClaims({ domain, listenPath, tags: [tag], active: true });
    expect(claim('a|/b', '/c', '')).not.toEqual(claim('a', '/b|/c', ''));
    expect(claim('', '/a', 'b#c')).not.toEqual(claim('', '/a#b', 'c'));
    expect(claim('', '/a', '%23')).not.toEqual(claim('', '/a', '#'));
  });

  it('lets two APIs meet exactly when host, path and a tag are the same', () => {
    const awkward = fc.string({ unit: fc.constantFrom('a', '|', '#', '%', '/'), maxLength: 4 });
    const address = fc.record({ listenPath: awkward.map((path) => `/${path}`), domain: awkward, tag: awkward });
    const claim = ({ tag, ...rest }: { listenPath: string; domain: string; tag: string }) =>
      listenClaims({ ...rest, tags: [tag], active: true });
    fc.assert(
      fc.property(address, address, (a, b) => {
        const same =
          a.domain === b.domain &&
          a.tag === b.tag &&
          normaliseListenPath(a.listenPath) === normaliseListenPath(b.listenPath);
        expect(claim(a)[0] === claim(b)[0]).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });
});
