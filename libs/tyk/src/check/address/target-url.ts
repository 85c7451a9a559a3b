import { isLookedUp } from './looked-up';

/** Schemes gateways proxy to; `tyk` is another API of the same gateway. */
const PROXIED = ['http', 'https', 'ws', 'wss', 'h2c', 'tcp', 'tls', 'tyk'];

/**
 * What is wrong with an upstream's address, as the rest of a sentence; undefined when a gateway can use it. Addresses with
 * `$` in them are completed by the gateway and pass, and so do those that it looks up.
 */
export function targetUrlFault(url: string): string | undefined {
  if (url.includes('$')) return undefined;
  // Unlike URL.canParse, gateways do not trim, and refuse control characters.
  if (hasControlCharacter(url) || url.trimStart() !== url)
    return 'must not hold control characters or start with a space';

  if (isLookedUp(url)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'must start with a scheme, such as https://';
  if (!PROXIED.includes(scheme)) return `has the scheme "${scheme}", which gateways do not proxy to`;
  return URL.canParse(url) ? undefined : 'is not a valid URL';
}

/** What is wrong with the address a gateway calls for an event; undefined when nothing is. */
export function hookUrlFault(url: string): string | undefined {
  const fault = targetUrlFault(url);
  if (fault !== undefined) return fault;
  return /^(tcp|tls|ws|wss|h2c|tyk):/i.test(url) ? 'must be an http or https URL' : undefined;
}

export function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text);
}
