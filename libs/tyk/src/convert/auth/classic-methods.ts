import { ownField, type JsonObject } from '../../json/json-text';
import { objectAt } from '../../json/read';
import { CONFIG } from './auth-shapes';

/** The method's entry of `auth_configs`. Nodes fall back to the older `auth` for a token and a JWT only. */
export function configOf(definition: JsonObject, name: string): JsonObject {
  const found = ownField(objectAt(definition['auth_configs']), name);
  if (found !== undefined) return objectAt(found);
  return name === CONFIG.token || name === CONFIG.jwt ? objectAt(definition['auth']) : {};
}

/** Where that entry stands. */
export function configPath(definition: JsonObject, name: string): string {
  return ownField(objectAt(definition['auth_configs']), name) === undefined ? 'auth' : `auth_configs.${name}`;
}
