import { ownField, type JsonObject } from '../../json/json-text';
import { objectAt } from '../../json/read';
import { CONFIG } from './auth-shapes';
import { readAt } from '../../openapi/values';

/** Which methods are on: each flag, and the token also where nothing else is. */
export function isOn(definition: JsonObject, flag: string): boolean {
  if (flag === 'custom_plugin_auth_enabled') {
    return ['custom_plugin_auth_enabled', 'use_go_plugin_auth', 'enable_coprocess_auth'].some(
      (name) => definition[name] === true,
    );
  }
  return readAt(definition, flag) === true;
}

const OTHER_FLAGS = [
  'enable_jwt',
  'enable_signature_checking',
  'use_basic_auth',
  'custom_plugin_auth_enabled',
  'use_oauth2',
  'external_oauth.enabled',
  'use_openid',
];

export function isTokenOn(definition: JsonObject): boolean {
  if (definition['use_standard_auth'] === true) return true;
  return definition['use_keyless'] !== true && !OTHER_FLAGS.some((flag) => isOn(definition, flag));
}

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
