import { type JsonObject } from '../json/json-text';

/**
 * The document as it may be shown to anyone (`mode=public`): without Tyk's extension and without any other that is Tyk's, which
 * hold upstream addresses, secrets and the like. The rest, the servers included, is what clients of the API need.
 */
export function toPublicOas(oas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(oas).filter(([name]) => !name.startsWith('x-tyk-')));
}
