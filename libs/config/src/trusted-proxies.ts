import { isIP } from 'node:net';
import { z } from 'zod';

/** Names that stand for several networks, as the HTTP server knows them. */
const names = new Set(['loopback', 'linklocal', 'uniquelocal']);

const isNetwork = (entry: string): boolean => {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
};

/** More proxies than stand in front of anything. */
const mostHops = 16;

const problemWith = (value: string): string | null => {
  if (value === 'true') {
    return 'must say which proxies, by their number or addresses: with all of them trusted, callers could write any address';
  }
  if (/^\d+$/.test(value)) return Number(value) <= mostHops ? null : `must be at most ${mostHops} proxies`;
  const wrong = value.split(',').find((entry) => !names.has(entry.trim()) && !isNetwork(entry.trim()));
  return wrong === undefined ? null : `"${wrong.trim()}" is neither a number of proxies, an address nor a network`;
};

/** Which proxies are believed: none, so many of the nearest, or those with these addresses. */
export const trustedProxies = z.string().transform((value, context): false | number | string[] => {
  if (value === 'false' || value === '0') return false;
  const problem = problemWith(value);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  return /^\d+$/.test(value) ? Number(value) : value.split(',').map((entry) => entry.trim());
});
