import type { JsonObject } from '../../json/json-text';
import { flagAt, textAt } from '../../json/read';

/**
 * Stores that gateways look values up in (docs/tyk/definitions.md#values-that-gateways-look-up): a listen path, a domain or a target
 * that begins so is known to them only.
 */
const STORES = ['env', 'secrets', 'consul', 'vault', 'file'];

const LOOKED_UP = new RegExp(`^(?:${STORES.join('|')})://`, 'u');

/** Whether gateways replace an address by what they find in their environment or secret stores. */
export function isLookedUp(address: string): boolean {
  return LOOKED_UP.test(address);
}

/**
 * The fields of a definition that say where it listens and that gateways look up, so that no conflict over them can be seen:
 * none, `proxy.listen_path`, `domain`, or both. What is off, or does not count for the protocol, is left out.
 */
export function lookedUpAddresses(definition: JsonObject): string[] {
  if (!flagAt(definition, 'active')) return [];
  const usesPath = !['tcp', 'tls'].includes(textAt(definition, 'protocol'));
  return [
    ...(usesPath && isLookedUp(textAt(definition, 'proxy', 'listen_path')) ? ['proxy.listen_path'] : []),
    ...(!flagAt(definition, 'domain_disabled') && isLookedUp(textAt(definition, 'domain').trim()) ? ['domain'] : []),
  ];
}
