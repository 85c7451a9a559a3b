import { type JsonObject } from '../json/json-text';
import { at } from '../json/read';

/** A method of authentication as classic definitions have it. */
interface AuthMethod {
  /** Its entry of `auth_configs`. */
  readonly config: string;
  /** The switches that turn it on, the one of today first, and how lists of APIs and policies call what each turns on. */
  readonly switches: readonly (readonly [flag: string, type: string])[];
  /** The switch with which gateways look for a credential where the entry of `auth_configs` says. */
  readonly reads?: string;
}

/** Every method, once: conversions, checks and lists go by this table. */
export const AUTH_METHODS = {
  token: { config: 'authToken', switches: [['use_standard_auth', 'authToken']], reads: 'use_standard_auth' },
  jwt: { config: 'jwt', switches: [['enable_jwt', 'jwt']], reads: 'enable_jwt' },
  basic: { config: 'basic', switches: [['use_basic_auth', 'basic']] },
  oauth: { config: 'oauth', switches: [['use_oauth2', 'oauth']], reads: 'use_oauth2' },
  externalOAuth: { config: 'externalOAuth', switches: [['external_oauth.enabled', 'externalOAuth']] },
  hmac: { config: 'hmac', switches: [['enable_signature_checking', 'hmac']], reads: 'enable_signature_checking' },
  oidc: { config: 'oidc', switches: [['use_openid', 'oidc']], reads: 'use_openid' },
  custom: {
    config: 'coprocess',
    switches: [
      ['custom_plugin_auth_enabled', 'coprocess'],
      ['use_go_plugin_auth', 'goplugin'],
      ['enable_coprocess_auth', 'coprocess'],
    ],
    reads: 'enable_coprocess_auth',
  },
} as const satisfies Readonly<Record<string, AuthMethod>>;

const METHODS: readonly AuthMethod[] = Object.values(AUTH_METHODS);

/** Whether the method with this switch is on, by that one or by another of its switches. */
export function isOn(definition: JsonObject, flag: string): boolean {
  const method = METHODS.find(({ switches }) => switches.some(([name]) => name === flag));
  return (method?.switches ?? [[flag]]).some(([name]) => isSet(definition, name));
}

/** A token is asked for also where nothing else is. */
export function isTokenOn(definition: JsonObject): boolean {
  const [token, ...others] = METHODS;
  if (token?.switches.some(([flag]) => isSet(definition, flag)) === true) return true;
  return (
    definition['use_keyless'] !== true && !others.some(({ switches: [first] }) => isOn(definition, first?.[0] ?? ''))
  );
}

/** The entries of `auth_configs` that are in use. */
export function usedConfigs(definition: JsonObject): string[] {
  const [token, ...others] = METHODS;
  const used = others.filter(({ switches: [first] }) => isOn(definition, first?.[0] ?? ''));
  return [...(token !== undefined && isTokenOn(definition) ? [token] : []), ...used].map(({ config }) => config);
}

/** The entries of `auth_configs` that gateways look into for a credential. */
export function readConfigs(definition: JsonObject): string[] {
  return METHODS.filter(({ reads }) => reads !== undefined && isSet(definition, reads)).map(({ config }) => config);
}

/** What is switched on, as lists of APIs and policies call it; nothing where a token is asked for by default. */
export function switchedAuthTypes(definition: JsonObject): string[] {
  const [token, ...others] = METHODS;
  const found = [...others, ...(token === undefined ? [] : [token])]
    .flatMap(({ switches }) => switches)
    .filter(([flag]) => isSet(definition, flag));
  return [...new Set(found.map(([, type]) => type))];
}

/** Every name that {@link switchedAuthTypes} may give. */
export const AUTH_TYPES: readonly string[] = [
  ...new Set(METHODS.flatMap(({ switches }) => switches.map(([, type]) => type))),
];

function isSet(definition: JsonObject, flag: string): boolean {
  return at(definition, ...flag.split('.')) === true;
}
