import type { NodeApi } from './decode';
import { RouteTable } from './routes';

const api = (apiId: string, listenPath: string, more: Partial<NodeApi> = {}): NodeApi => ({
  apiId,
  listenPath,
  definition: {},
  oas: null,
  domain: '',
  overHttp: true,
  tags: [],
  tagsDisabled: false,
  ...more,
});

const table = (...apis: NodeApi[]) => new RouteTable(apis, true);
const found = (routes: RouteTable, path: string, host = 'gw.test:8080') => routes.find(host, path)?.apiId;

describe('RouteTable', () => {
  it('prefers the longest listen path and matches it as a prefix', () => {
    const routes = table(api('short', '/a'), api('long', '/a/b/'), api('root', '/'));
    expect(found(routes, '/a/b/c')).toBe('long');
    expect(found(routes, '/a/b')).toBe('short');
    expect(found(routes, '/abc')).toBe('short');
    expect(found(routes, '/x')).toBe('root');
  });

  it('keeps an API with a domain to that domain', () => {
    const routes = table(api('bound', '/a/', { domain: 'api.test' }), api('open', '/'));
    expect(found(routes, '/a/', 'API.test:80')).toBe('bound');
    expect(found(routes, '/a/', 'other.test')).toBe('open');
    expect(found(routes, '/a/', 'api.test.evil')).toBe('open');
  });

  it('looks at no domain where custom domains are off', () => {
    const routes = new RouteTable([api('bound', '/a/', { domain: 'api.test' })], false);
    expect(found(routes, '/a/', 'other.test')).toBe('bound');
  });

  it('reads patterns in listen paths and domains', () => {
    const routes = table(
      api('versioned', '/v{n:[0-9]+}/'),
      api('named', '/{org}/apis/', { domain: '{tenant}.api.test' }),
    );
    expect(found(routes, '/v12/x')).toBe('versioned');
    expect(found(routes, '/vx/x')).toBeUndefined();
    expect(found(routes, '/acme/apis/1', 'acme.api.test')).toBe('named');
    expect(found(routes, '/acme/apis/1', 'a.b.api.test')).toBeUndefined();
  });

  it('answers on the API’s id, and not for what is internal or not HTTP', () => {
    const routes = table(api('id1', '/a/'), api('id2', '/b/', { overHttp: false }));
    expect(found(routes, '/id1/x')).toBe('id1');
    expect(found(routes, '/b/x')).toBeUndefined();
    expect(found(routes, '/id2/x')).toBeUndefined();
  });

  it('moves both of two APIs for one place, unless one of them held it', () => {
    const [old, young] = [api('old', '/a/'), api('young', '/a/')];
    const both = table(old, young);
    expect([both.listenPathOf('old'), both.listenPathOf('young')]).toEqual(['/a/-old', '/a/-young']);
    const held = new RouteTable([young, old], true, table(old));
    expect([held.listenPathOf('old'), held.listenPathOf('young')]).toEqual(['/a/', '/a/-young']);
    expect(table(old, api('elsewhere', '/a/', { domain: 'x.test' })).listenPathOf('old')).toBe('/a/');
  });
});
