import type { NodeApi } from './decode';

interface Route {
  readonly api: NodeApi;
  readonly listenPath: string;
  readonly host: RegExp | undefined;
  readonly paths: readonly RegExp[];
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Turns `{name}` and `{name:pattern}` of a listen path or domain into a pattern, as the gateway's router does. */
const patternOf = (template: string, wildcard: string): string =>
  template
    .split(/(\{[^{}]+\})/)
    .map((part) => {
      if (!/^\{.+\}$/.test(part)) return literal(part);
      const colon = part.indexOf(':');
      return colon === -1 ? wildcard : `(?:${part.slice(colon + 1, -1)})`;
    })
    .join('');

const expression = (source: string, flags = ''): RegExp | undefined => {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined; // the gateway's router drops such a route as well
  }
};

const placeOf = (api: NodeApi): string => api.domain + api.listenPath;

/**
 * Which API answers a request: longest listen path first, matched as a prefix, on its own domain where it has one. The
 * API's id works as a path, too. Two APIs for the same place are both moved to `<listen path>-<api id>`, except one
 * that already held the place.
 */
export class RouteTable {
  private readonly routes: readonly Route[];

  constructor(
    apis: Iterable<NodeApi>,
    private readonly customDomains: boolean,
    previous?: RouteTable,
  ) {
    const usable = [...apis].filter(
      ({ overHttp, listenPath }) => overHttp && listenPath !== '' && !listenPath.includes(' '),
    );
    const claims = new Map<string, number>();
    for (const api of usable) claims.set(placeOf(api), (claims.get(placeOf(api)) ?? 0) + 1);
    this.routes = usable
      .sort((one, other) => other.listenPath.length - one.listenPath.length)
      .flatMap((api) => {
        const contested = (claims.get(placeOf(api)) ?? 0) > 1;
        const held = previous?.listenPathOf(api.apiId) === api.listenPath;
        return this.routeOf(api, contested && !held ? `${api.listenPath}-${api.apiId}` : api.listenPath);
      });
  }

  /** The path an API really answers on; undefined when it answers on none. */
  listenPathOf(apiId: string): string | undefined {
    return this.routes.find(({ api }) => api.apiId === apiId)?.listenPath;
  }

  /** @param host the request's `host` header, with or without a port */
  find(host: string, path: string): NodeApi | undefined {
    const name = host.replace(/:\d+$/, '');
    return this.routes.find(
      (route) =>
        (route.host === undefined || route.host.test(name)) && route.paths.some((pattern) => pattern.test(path)),
    )?.api;
  }

  private routeOf(api: NodeApi, listenPath: string): Route[] {
    const byPath = expression(`^${patternOf(listenPath, '[^/]+')}`);
    const byId = expression(`^${literal(`/${api.apiId}/`)}`);
    const bound = this.customDomains && api.domain !== '';
    const host = bound ? expression(`^${patternOf(api.domain, '[^.]+')}$`, 'i') : undefined;
    if (bound && host === undefined) return [];
    return [{ api, listenPath, host, paths: [byId, byPath].filter((pattern) => pattern !== undefined) }];
  }
}
