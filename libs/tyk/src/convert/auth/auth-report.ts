import type { JsonObject } from '../../json/json-text';
import { objectAt, textAt } from '../../json/read';
import { entryPath } from '../../schema/path';
import { CONFIG, SIGNATURE } from './auth-shapes';
import { usedConfigs } from '../../openapi/auth-methods';
import { configOf, configPath } from './classic-methods';
import { under, type Lost } from '../lost';
import { type Shape } from '../shape';
import { fieldPath, isUnset, readAt, sameMeaning, without } from '../../openapi/values';

export const OFF = 'belongs to a method of authentication that is off, and is left out';

/** Reports the settings of a method that is off. */
export function reportOff(definition: JsonObject, shape: Shape, lost: Lost): void {
  for (const [, path] of shape.fields) {
    const value = readAt(definition, path);
    // The dashboard writes -1, for "not checked", into every definition.
    if (!isUnset(value) && value !== -1) lost(path, OFF);
  }
}

/** Entries of `auth_configs` that no method uses, unless they only say the default. */
export function reportUnusedConfigs(definition: JsonObject, lost: Lost): void {
  const used = usedConfigs(definition);
  for (const [name, config] of Object.entries(objectAt(definition['auth_configs']))) {
    if (!used.includes(name) && !isDefaultConfig(objectAt(config))) lost(entryPath('auth_configs', name), OFF);
  }
  const auth = objectAt(definition['auth']);
  for (const name of used) reportConfigRest(definition, name, lost);
  const replaced = used.some((name) => sameMeaning(without(configOf(definition, name), 'name'), without(auth, 'name')));
  if (!replaced && !isDefaultConfig(auth)) lost('auth', 'is not in use beside auth_configs, and is left out');
}

/** Where a credential is looked for, and what a token can have besides. */
const SOURCE_FIELDS = [
  'name',
  'disable_header',
  'auth_header_name',
  'use_param',
  'param_name',
  'use_cookie',
  'cookie_name',
];
const TOKEN_FIELDS = ['use_certificate', 'validate_signature', 'signature'];

/** Fields of a configuration in use that its method does not have in an OAS API. */
function reportConfigRest(definition: JsonObject, name: string, lost: Lost): void {
  const config = configOf(definition, name);
  const configLost = under(lost, configPath(definition, name));
  const isToken = name === CONFIG.token;
  const known = [...SOURCE_FIELDS, ...(isToken ? TOKEN_FIELDS : [])];
  for (const [field, value] of Object.entries(without(config, ...known))) {
    if (!isUnset(value)) configLost(fieldPath('', field));
  }
  if (!isToken) return;
  const signature = without(objectAt(config['signature']), ...SIGNATURE_FIELDS);
  for (const [field, value] of Object.entries(signature)) {
    if (!isUnset(value)) configLost(fieldPath('signature', field));
  }
}

const SIGNATURE_FIELDS = SIGNATURE.fields.map(([, classic]) => classic.replace(/^signature\./u, ''));

/** The authorization header and nothing else: what the dashboard writes for every method. */
function isDefaultConfig(config: JsonObject): boolean {
  const header = textAt(config['auth_header_name']).toLowerCase();
  return (header === '' || header === 'authorization') && isUnset(without(config, 'name', 'auth_header_name'));
}
