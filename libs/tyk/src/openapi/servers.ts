import { type JsonObject } from '../json/json-text';
import { objectAt, textAt } from '../json/read';
import { byName, objectsOf } from './values';

/** Where clients reach the gateway: `http` and `localhost:8080`, say. */
export interface GatewayAddress {
  readonly protocol: 'http' | 'https';
  /** With the port, unless it is the protocol's own. */
  readonly host: string;
}

/**
 * One address of an API, taken apart as `GET /api/apis/oas/{apiId}/urls` shows it
 * (docs/tyk/management.md#openapi-documents).
 */
export interface UrlComponents {
  readonly protocol: string;
  readonly domain: string;
  readonly port: number | null;
  readonly listen_path: string;
  readonly endpoint_path: string;
  readonly query_parameters: readonly { readonly name: string; readonly value: string }[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly url: string;
}

/** The answer of `GET /api/apis/{apiId}/url` (docs/tyk/management.md#openapi-documents). */
export interface ApiUrl {
  readonly ApiURL: string;
  readonly BasePath: string;
  readonly Host: string;
}

/** Puts the gateway's own address first among the document's servers, in place of the one it had before. */
export function withGatewayServer(oas: JsonObject, url: string, previous?: string): JsonObject {
  const others = objectsOf(oas['servers']).filter((server) => server['url'] !== url && server['url'] !== previous);
  const found = objectsOf(oas['servers']).find((server) => server['url'] === url);
  // A listen path with an expression is no address that a client could call.
  const own = url.includes('{') ? [] : [found ?? { url }];
  return { ...oas, servers: [...own, ...others] };
}

/** The main address of an API: its domain if it has one in use, otherwise the gateway. */
export function apiUrl(definition: JsonObject, gateway: GatewayAddress): ApiUrl {
  const host = hostOf(definition, gateway);
  const path = textAt(definition, 'proxy', 'listen_path');
  return { ApiURL: `${gateway.protocol}://${host}${path}`, BasePath: path, Host: host };
}

/**
 * All addresses of an API: its own and, for a version of another API, those of that API with the version in them.
 *
 * @param definition the classic definition
 * @param base the definition of the API that this one is a version of, or that itself if it has versions
 */
export function apiUrls(definition: JsonObject, gateway: GatewayAddress, base?: JsonObject): UrlComponents[] {
  const versioning = objectAt(base, 'definition');
  const isBase = base !== undefined && base['api_id'] === definition['api_id'];
  const name = versionName(definition, versioning, isBase);
  if (base === undefined || versioning['enabled'] !== true || name === undefined) {
    return [address(definition, gateway, definition)];
  }
  const urls = [address(definition, gateway, base, name)];
  const defaultVersion = textAt(versioning, 'default');
  const isDefault = defaultVersion === name || (defaultVersion === 'self' && isBase);
  const hasPlainForm = versioning['fallback_to_default'] === true && textAt(versioning, 'location') !== 'header';
  if (isDefault && hasPlainForm) urls.push(address(definition, gateway, base));
  if (!isBase && definition['internal'] !== true) urls.push(address(definition, gateway, definition));
  return urls;
}

function versionName(definition: JsonObject, versioning: JsonObject, isBase: boolean): string | undefined {
  if (isBase) return textAt(versioning, 'name') || undefined;
  return Object.entries(objectAt(versioning, 'versions'))
    .sort(([a], [b]) => byName(a, b))
    .find(([, id]) => id === definition['api_id'])?.[0];
}

function hostOf(definition: JsonObject, gateway: GatewayAddress): string {
  const domain = definition['domain_disabled'] === true ? '' : textAt(definition, 'domain');
  return domain === '' ? gateway.host : domain;
}

function address(api: JsonObject, gateway: GatewayAddress, listener: JsonObject, version?: string): UrlComponents {
  const host = hostOf(api, gateway);
  const [domain = '', port] = host.split(/:(?=[0-9]+$)/u);
  const path = textAt(listener, 'proxy', 'listen_path').replace(/^\/+|\/+$/gu, '');
  const location = textAt(listener, 'definition', 'location');
  const pair = version === undefined ? [] : [{ name: textAt(listener, 'definition', 'key'), value: version }];
  const inHeader = location === 'header' ? pair : [];
  const inQuery = location === 'url-param' ? pair : [];
  const inPath = version !== undefined && inHeader.length + inQuery.length === 0 ? version : '';

  const full = [path, inPath].filter((part) => part !== '').join('/');
  const query = inQuery.map(({ name, value }) => `?${name}=${value}`).join('');
  return {
    protocol: gateway.protocol,
    domain,
    port: port === undefined ? null : Number(port),
    listen_path: path,
    endpoint_path: inPath,
    query_parameters: inQuery,
    headers: inHeader,
    url: `${gateway.protocol}://${host}/${full}${query}`,
  };
}
