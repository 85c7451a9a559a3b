/** Schemes gateways proxy to; `tyk` is another API of the same gateway. */
const PROXIED = ['http', 'https', 'ws', 'wss', 'h2c', 'tcp', 'tls', 'tyk'];

/**
 * Schemes a gateway replaces by what it finds in its environment or secret stores
 * (docs/tyk/definitions.md#values-that-gateways-look-up).
 */
const LOOKED_UP = ['env', 'secrets', 'consul', 'vault', 'file', 'kv'];

/**
 * What is wrong with an upstream's address, as the rest of a sentence; undefined when a gateway can use it. Addresses with
 * `$` in them are completed by the gateway and pass.
 */
export function targetUrlFault(url: string): string | undefined {
  if (url.includes('$')) return undefined;
  // Unlike URL.canParse, gateways do not trim, and refuse control characters.
  if (hasControlCharacter(url) || url.trimStart() !== url)
    return 'must not hold control characters or start with a space';

  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'must start with a scheme, such as https://';
  if (LOOKED_UP.includes(scheme)) return undefined;
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
