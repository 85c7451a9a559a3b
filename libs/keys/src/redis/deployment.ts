/** One Redis server, as host and port. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** How to reach a Redis of any deployment. */
export interface RedisDeployment {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** The server itself, the sentinels, or some servers of the cluster. */
  readonly addresses: readonly Address[];
  /** Which master the sentinels are asked for. */
  readonly master?: string;
  /** 0 in a cluster, which knows no others. */
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

/** A URL that names no Redis; the message says what is wrong with it and repeats nothing of it. */
export class BadRedisUrl extends Error {
  override readonly name = 'BadRedisUrl';
}

const FORM = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#@]+)((?:\/[^/?#]*)*)$/;

/**
 * Reads the address of a Redis:
 *
 * - `redis://user:password@host:6379/2` for one server and its database,
 * - `redis+sentinel://user:password@sentinel-1:26379,sentinel-2:26379/master/2`,
 * - `redis+cluster://user:password@host-1:6379,host-2:6379`;
 *
 * with `rediss` for TLS.
 *
 * @throws BadRedisUrl
 */
export function parseRedisUrl(url: string): RedisDeployment {
  const [, scheme, form, credentials, hosts = '', path = ''] = FORM.exec(url) ?? [];
  if (scheme === undefined) {
    throw new BadRedisUrl('must be a URL such as redis://host:6379/0, redis+sentinel://… or redis+cluster://…');
  }
  const kind = form === 'sentinel' || form === 'cluster' ? form : 'single';
  const addresses = hosts.split(',').map((host) => parseAddress(host, kind === 'sentinel' ? 26_379 : 6_379));
  if (kind === 'single' && addresses.length > 1)
    throw new BadRedisUrl('must name one server, or say which deployment it is');
  const segments = path
    .split('/')
    .slice(1)
    .filter((segment) => segment !== '');
  const master = kind === 'sentinel' ? segments.shift() : undefined;
  if (kind === 'sentinel' && master === undefined) throw new BadRedisUrl('must name the master after the sentinels');
  return {
    kind,
    addresses,
    ...(master === undefined ? {} : { master: decodeURIComponent(master) }),
    database: parseDatabase(segments, kind),
    ...parseCredentials(credentials),
    tls: scheme === 'rediss',
  };
}

function parseAddress(text: string, defaultPort: number): Address {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new BadRedisUrl('must name servers as host:port, with commas between them');
  const number = port === undefined ? defaultPort : Number(port);
  if (number > 65_535) throw new BadRedisUrl('must name ports from 0 to 65535');
  return { host, port: number };
}

function parseDatabase(segments: readonly string[], kind: RedisDeployment['kind']): number {
  const [text = '0', ...rest] = segments;
  if (!/^\d{1,5}$/.test(text) || rest.length > 0)
    throw new BadRedisUrl('must end in the number of a database, or in none');
  if (kind === 'cluster' && Number(text) !== 0) throw new BadRedisUrl('must name no database: a cluster has only one');
  return Number(text);
}

function parseCredentials(text: string | undefined): { username?: string; password?: string } {
  if (text === undefined || text === '') return {};
  const colon = text.indexOf(':');
  const [username, password] = colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    return {
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    throw new BadRedisUrl('must have its user and password percent-encoded');
  }
}
