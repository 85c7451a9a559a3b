import { flagAt, textAt, type JsonObject } from '@castellan/tyk';

/** Kinds of APIs that lists can be filtered by (docs/tyk/management.md#apis). */
export const apiTypes = ['tcp', 'rest', 'graphql', 'udg', 'subgraph', 'supergraph', 'internal'] as const;
export type ApiType = (typeof apiTypes)[number];

/** Ways to authenticate, by the switch that turns each on. The names are those of `auth_configs` and of policies' `auth_types`. */
const authSwitches = [
  ['use_basic_auth', 'basic'],
  ['use_oauth2', 'oauth'],
  ['use_openid', 'oidc'],
  ['enable_jwt', 'jwt'],
  ['enable_signature_checking', 'hmac'],
  ['enable_coprocess_auth', 'coprocess'],
  ['custom_plugin_auth_enabled', 'coprocess'],
  ['use_go_plugin_auth', 'goplugin'],
] as const;

/** How filters may spell them besides, in lower case. */
const authAliases = new Map([
  ['auth_token', 'authToken'],
  ['token', 'authToken'],
  ['openid', 'oidc'],
  ['basic_auth', 'basic'],
  ['mtls', 'mutualTLS'],
  ['mutual_tls', 'mutualTLS'],
  ['custom', 'coprocess'],
  ['custom_auth', 'coprocess'],
]);

const authNames = ['keyless', 'authToken', 'mutualTLS', 'externalOAuth', ...authSwitches.map(([, name]) => name)];

const authByLowerCase = new Map(authNames.map((name) => [name.toLowerCase(), name]));

/** The way to authenticate that a filter means, however it is spelt; what is not known stays, and matches nothing. */
export const authTypeNamed = (name: string): string => {
  const key = name.toLowerCase();
  return authByLowerCase.get(key) ?? authAliases.get(key) ?? name;
};

/**
 * How callers of an API authenticate. As on gateways, a token is asked for when nothing else is switched on; mutual TLS
 * comes on top of the rest.
 */
export const authTypesOf = (definition: JsonObject): string[] => {
  if (flagAt(definition, 'use_keyless')) return ['keyless'];
  const switched = authSwitches.filter(([flag]) => flagAt(definition, flag)).map(([, name]) => name);
  const external = flagAt(definition, 'external_oauth', 'enabled') ? ['externalOAuth'] : [];
  const found = new Set<string>([...switched, ...external]);
  if (flagAt(definition, 'use_standard_auth') || found.size === 0) found.add('authToken');
  if (flagAt(definition, 'use_mutual_tls_auth')) found.add('mutualTLS');
  return [...found];
};

const graphqlTypes = new Map<string, ApiType>([
  ['executionEngine', 'udg'],
  ['subgraph', 'subgraph'],
  ['supergraph', 'supergraph'],
]);

/** What an API is: one kind by its protocol, and `internal` on top where clients cannot reach it. */
export const apiTypesOf = (definition: JsonObject): ApiType[] => {
  const kind = kindOf(definition);
  return flagAt(definition, 'internal') ? [kind, 'internal'] : [kind];
};

const kindOf = (definition: JsonObject): ApiType => {
  if (['tcp', 'tls'].includes(textAt(definition, 'protocol'))) return 'tcp';
  if (!flagAt(definition, 'graphql', 'enabled')) return 'rest';
  return graphqlTypes.get(textAt(definition, 'graphql', 'execution_mode')) ?? 'graphql';
};
