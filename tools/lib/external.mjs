import { acceptsConnections } from './probe.mjs';
import { Problem } from './problem.mjs';

/**
 * Refuses to start against a server of the user's that is not there. Names that only a DNS lookup of the driver
 * resolves (`mongodb+srv:`) are left to the apps.
 * @param {'CASTELLAN_MONGODB_URI' | 'CASTELLAN_REDIS_URL'} variable
 * @param {string} url
 */
export async function checkExternal(variable, url) {
  const hosts = hostsOf(url);
  if (hosts.length === 0) return;
  const answers = await Promise.all(hosts.map(({ host, port }) => acceptsConnections(port, host)));
  if (answers.includes(true)) return;
  const names = hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  throw new Problem(
    `Nothing answers at ${names}, where ${variable} points; start it, or unset the variable to use an embedded server.`,
  );
}

/**
 * The hosts of a URL; a MongoDB URI may name several.
 * @param {string} url
 * @returns {{ host: string, port: number }[]} none when it has to be left to the driver
 */
export function hostsOf(url) {
  const [, scheme = '', hosts = ''] = /^(mongodb|rediss?):\/\/(?:[^@/]*@)?([^/?]+)/.exec(url) ?? [];
  const usual = scheme === 'mongodb' ? 27_017 : 6_379;
  return hosts
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, host = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? usual : Number(port) };
    });
}

/**
 * A URL fit to be printed.
 * @param {string} url
 */
export function withoutPassword(url) {
  return url.replace(/^([a-z+]+:\/\/[^:@/]*):[^@/]*@/, '$1:***@');
}
