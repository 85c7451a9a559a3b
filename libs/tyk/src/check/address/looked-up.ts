import type { JsonObject } from '../../json/json-text';
import { flagAt, textAt } from '../../json/read';

/**
 * Stores that gateways look values up in (docs/tyk/definitions.md#values-that-gateways-look-up): a listen path, a domain or a target
 * that begins so is known to them only.
 */
const STORES = ['env', 'secrets', 'consul', 'vault', 'file'];

const LOOKED_UP = new RegExp(`^(?:${STORES.join('|')})://`, 'u');

/** How the same stores are named in what gateways replace within requests. Installations write it where an API listens, too. */
const REQUEST_SECRET = /^\$secret_(?:conf|env|consul|vault|file)\./u;

const UNSEEN = 'so conflicts with other APIs cannot be seen here';

/** An address that only gateways know, and what whoever wrote it should know of it, as the rest of a sentence. */
interface LookedUpAddress {
  readonly field: 'proxy.listen_path' | 'domain';
  readonly message: string;
}

/** Whether an address stands for a value in the environment or the secret stores of gateways. */
export function isLookedUp(address: string): boolean {
  return LOOKED_UP.test(address) || REQUEST_SECRET.test(address);
}

/**
 * The fields of a definition that say where it listens and that gateways look up, so that no conflict over them can be seen:
 * none, `proxy.listen_path`, `domain`, or both. What is off, or does not count for the protocol, is left out.
 */
export function lookedUpAddresses(definition: JsonObject): LookedUpAddress[] {
  if (!flagAt(definition, 'active')) return [];
  const usesPath = !['tcp', 'tls'].includes(textAt(definition, 'protocol'));
  return [
    ...(usesPath ? lookedUp('proxy.listen_path', textAt(definition, 'proxy', 'listen_path')) : []),
    ...(flagAt(definition, 'domain_disabled') ? [] : lookedUp('domain', textAt(definition, 'domain').trim())),
  ];
}

function lookedUp(field: LookedUpAddress['field'], address: string): LookedUpAddress[] {
  if (LOOKED_UP.test(address)) return [{ field, message: `is looked up by gateways, ${UNSEEN}` }];
  if (!REQUEST_SECRET.test(address)) return [];
  return [{ field, message: `names a secret, ${UNSEEN}; gateways up to 5.14 replace "$secret_" within requests only` }];
}
