import { isJsonObject, type JsonObject } from '../json/json-text';
import { listAt, numberAt, objectAt } from '../json/read';
import { EXTENSION, isUnset, readAt, without, writeAt, type JsonDraft } from '../openapi/values';

/** The four phases whose plugins stood one level deeper, under `plugins`, before 5.3. */
const PLUGIN_PHASES = [
  ['prePlugin', 'prePlugins'],
  ['postAuthenticationPlugin', 'postAuthenticationPlugins'],
  ['postPlugin', 'postPlugins'],
  ['responsePlugin', 'responsePlugins'],
] as const;

/**
 * The document's extension with older spellings replaced by today's, so that readers need to know one only. For reading: what is
 * stored keeps the spelling its author chose. Where both spellings are present the newer one counts.
 */
export function modernExtension(oas: JsonObject): JsonObject {
  const extension: JsonDraft = { ...objectAt(oas[EXTENSION]) };

  const global = objectAt(readAt(extension, 'middleware.global'));
  for (const [before, now] of PLUGIN_PHASES) {
    const plugins = listAt(objectAt(global[before])['plugins']);
    if (plugins.length > 0 && isUnset(global[now])) writeAt(extension, `middleware.global.${now}`, [...plugins]);
  }

  const tested = objectAt(readAt(extension, 'upstream.test.serviceDiscovery'));
  if (isJsonObject(readAt(extension, 'upstream.test')) && readAt(extension, 'upstream.uptimeTests') === undefined) {
    writeAt(extension, 'upstream.uptimeTests', { enabled: false, serviceDiscovery: tested });
  }
  for (const at of ['upstream.serviceDiscovery', 'upstream.uptimeTests.serviceDiscovery']) {
    const discovery = objectAt(readAt(extension, at));
    const timeout = numberAt(discovery['cacheTimeout']);
    if (timeout === 0 || isJsonObject(discovery['cache'])) continue;
    writeAt(extension, at, { ...without(discovery, 'cacheTimeout'), cache: { enabled: timeout > 0, timeout } });
  }
  return extension;
}
