import type { JsonObject } from '../json/json-text';
import { apiUrl, apiUrls, withGatewayServer, type GatewayAddress } from './servers';

const gateway: GatewayAddress = { protocol: 'http', host: 'localhost:8080' };

function api(listenPath: string, changes: JsonObject = {}): JsonObject {
  return { api_id: listenPath, proxy: { listen_path: listenPath }, ...changes };
}

function base(location: string, changes: JsonObject = {}): JsonObject {
  const definition = {
    enabled: true,
    name: 'v1',
    default: 'self',
    location,
    key: 'version',
    versions: { v2: '/users-v2/' },
  };
  return api('/users/', { definition: { ...definition, ...changes } });
}

const child = api('/users-v2/', { internal: true });

const urls = (...parameters: Parameters<typeof apiUrls>): string[] => apiUrls(...parameters).map(({ url }) => url);

describe('addresses of an API', () => {
  it('are taken apart', () => {
    expect(apiUrls(api('/my-api/'), gateway)).toEqual([
      {
        protocol: 'http',
        domain: 'localhost',
        port: 8080,
        listen_path: 'my-api',
        endpoint_path: '',
        query_parameters: [],
        headers: [],
        url: 'http://localhost:8080/my-api',
      },
    ]);
    expect(apiUrl(api('/my-api/'), gateway)).toEqual({
      ApiURL: 'http://localhost:8080/my-api/',
      BasePath: '/my-api/',
      Host: 'localhost:8080',
    });
  });

  it('have the domain of the API while that is in use', () => {
    const own = { domain: 'api.example.com' };
    expect(apiUrls(api('/a/', own), { ...gateway, protocol: 'https' })).toMatchObject([
      { domain: 'api.example.com', port: null },
    ]);
    expect(apiUrl(api('/a/', { ...own, domain_disabled: true }), gateway).Host).toBe('localhost:8080');
  });

  it('have the version where the base looks for it', () => {
    expect(apiUrls(child, gateway, base('url'))).toMatchObject([
      { listen_path: 'users', endpoint_path: 'v2', url: 'http://localhost:8080/users/v2' },
    ]);
    expect(apiUrls(child, gateway, base('url-param'))).toMatchObject([
      { query_parameters: [{ name: 'version', value: 'v2' }], url: 'http://localhost:8080/users?version=v2' },
    ]);
    expect(apiUrls(child, gateway, base('header'))).toMatchObject([
      { headers: [{ name: 'version', value: 'v2' }], url: 'http://localhost:8080/users' },
    ]);
  });

  it('also exist without the version for the default one, if the base falls back to it', () => {
    const falling = base('url', { fallback_to_default: true });
    expect(urls(falling, gateway, falling)).toEqual(['http://localhost:8080/users/v1', 'http://localhost:8080/users']);
    expect(urls(child, gateway, falling)).toEqual(['http://localhost:8080/users/v2']);
    expect(urls(child, gateway, base('url', { fallback_to_default: true, default: 'v2' }))).toHaveLength(2);
  });

  it('include the own path of a version that is reached from outside', () => {
    expect(urls({ ...child, internal: false }, gateway, base('url'))).toEqual([
      'http://localhost:8080/users/v2',
      'http://localhost:8080/users-v2',
    ]);
  });
});

describe('the servers of a document', () => {
  it('begin with the address of the API, in place of the one it had', () => {
    const oas = { servers: [{ url: 'https://old' }, { url: 'https://mine' }] };
    expect(withGatewayServer(oas, 'https://new', 'https://old')).toEqual({
      servers: [{ url: 'https://new' }, { url: 'https://mine' }],
    });
    expect(withGatewayServer({}, 'https://new')).toEqual({ servers: [{ url: 'https://new' }] });
    expect(withGatewayServer(oas, 'https://mine')).toEqual({
      servers: [{ url: 'https://mine' }, { url: 'https://old' }],
    });
  });

  it('do not name an address that is an expression', () => {
    expect(withGatewayServer({ servers: [{ url: 'https://a' }] }, 'https://g/{path:a|b}/')).toEqual({
      servers: [{ url: 'https://a' }],
    });
  });
});
