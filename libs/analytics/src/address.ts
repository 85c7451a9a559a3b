import { isIP, isIPv4 } from 'node:net';

/** Longest text that is kept for an address that is none. */
const longestJunk = 64;

/**
 * An address in its one spelling: without port, brackets and zone, IPv4 out of its IPv6 form, IPv6 in lower case and
 * shortened; the first one of a list. What is no address stays as it is, cut short.
 */
export const canonicalAddress = (text: string): string => {
  const first = (text.split(',', 1)[0] ?? '').trim();
  const address = addressIn(first);
  return address ?? first.slice(0, longestJunk).replace(/[\ud800-\udbff]$/, '');
};

const addressIn = (text: string): string | null => {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  const bare = (bracketed ?? text).split('%', 1)[0] ?? '';
  if (isIPv4(bare)) return bare;
  const withPort = /^([\d.]+):\d+$/.exec(bare)?.[1];
  if (withPort !== undefined && isIPv4(withPort)) return withPort;
  if (isIP(bare) !== 6) return null;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  return mappedIPv4(canonical) ?? canonical;
};

/** `::ffff:102:304` is 1.2.3.4. */
const mappedIPv4 = (address: string): string | null => {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (match === null) return null;
  const [high, low] = [match[1] ?? '', match[2] ?? ''].map((part) => Number.parseInt(part, 16));
  if (high === undefined || low === undefined) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
};

/** The network of an address: /24 of IPv4, /48 of IPv6. Empty for what is no address. */
export const truncatedAddress = (text: string): string => {
  const address = canonicalAddress(text);
  if (isIPv4(address)) return address.replace(/\d+$/, '0');
  if (isIP(address) !== 6) return '';
  const [before = '', after] = address.split('::', 2);
  const groups = before === '' ? [] : before.split(':');
  const rest = after === undefined || after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: 8 - groups.length - rest.length }, () => '0');
  const network = [...groups, ...zeros, ...rest].slice(0, 3).join(':');
  return canonicalAddress(`${network}::`);
};
