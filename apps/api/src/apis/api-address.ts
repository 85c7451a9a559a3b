import { flagAt, numberAt, textAt, type JsonObject, type UrlComponents } from '@castellan/tyk';
import type { Versioning } from './versions';

/** A name and a value that a caller sends. */
interface Sent {
  readonly name: string;
  readonly value: string;
}

/** Where an API answers: the gateways' address, with the domain and the port that the API has of its own. */
export interface ApiAddress {
  readonly protocol: string;
  readonly domain: string;
  readonly port: number | null;
  /** As it is written, slashes included. */
  readonly listenPath: string;
}

/** @param gatewayUrl where callers reach the gateways */
export const addressOf = (definition: JsonObject, gatewayUrl: string): ApiAddress => {
  const { protocol, hostname, port, pathname } = new URL(gatewayUrl);
  const own = flagAt(definition, 'domain_disabled') ? '' : textAt(definition, 'domain');
  const ownPort = numberAt(definition, 'listen_port');
  const gatewayPort = port === '' ? null : Number(port);
  return {
    protocol: protocol.slice(0, -1),
    domain: own === '' ? hostname : own,
    port: ownPort > 0 ? ownPort : gatewayPort,
    listenPath: `${pathname.replace(/\/$/, '')}${textAt(definition, 'proxy', 'listen_path')}`,
  };
};

/** The domain, with the port where it is not that of the protocol. */
export const hostOf = ({ domain, port }: ApiAddress): string => (port === null ? domain : `${domain}:${port}`);

/** How a caller names a version of a base; undefined where every caller gets the default. */
export const versionPlace = (versioning: Versioning, name: string): { readonly at: string; readonly sent: Sent } => ({
  at: textAt(versioning.rest, 'location') || 'header',
  sent: { name: textAt(versioning.rest, 'key') || 'x-api-version', value: name },
});

/** An address, and what a caller sends to get a version there. */
export const componentsOf = (address: ApiAddress, version?: ReturnType<typeof versionPlace>): UrlComponents => {
  const { protocol, domain, port } = address;
  const listenPath = address.listenPath.replace(/^\/+|\/+$/g, '');
  const at = (place: string): readonly Sent[] => (version?.at === place ? [version.sent] : []);
  const endpoint = at('url')[0]?.value ?? '';
  const query = at('url-param');
  const path = [listenPath, endpoint].filter((part) => part !== '').map((part) => `/${part}`);
  const search = query.map(({ name, value }) => `?${new URLSearchParams({ [name]: value }).toString()}`);
  return {
    protocol,
    domain,
    port,
    listen_path: listenPath,
    endpoint_path: endpoint,
    query_parameters: query,
    headers: at('header'),
    url: `${protocol}://${hostOf(address)}${path.join('')}${search.join('')}`,
  };
};
