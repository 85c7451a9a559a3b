import { AUTH_TYPES, flagAt, switchedAuthTypes, textAt, type JsonObject } from '@castellan/tyk';

/** Kinds of APIs that lists can be filtered by (docs/tyk/management.md#apis). */
export const apiTypes = ['tcp', 'rest', 'graphql', 'udg', 'subgraph', 'supergraph', 'mcp', 'internal'] as const;
export type ApiType = (typeof apiTypes)[number];

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

const authNames = ['keyless', 'mutualTLS', ...AUTH_TYPES];

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
  const found = new Set(switchedAuthTypes(definition));
  if (found.size === 0) found.add('authToken');
  if (flagAt(definition, 'use_mutual_tls_auth')) found.add('mutualTLS');
  return [...found];
};

const graphqlTypes = new Map<string, ApiType>([
  ['executionEngine', 'udg'],
  ['subgraph', 'subgraph'],
  ['supergraph', 'supergraph'],
]);

/** What marks an MCP proxy: gateways from 5.14 on serve it as one (gateway, `apidef`, 5.14). */
export const mcpMark = { json_rpc_version: '2.0', application_protocol: 'mcp' } as const;

const isMcp = (definition: JsonObject): boolean =>
  textAt(definition, 'application_protocol') === mcpMark.application_protocol;

/** What an API is: one kind by its protocol, and `internal` on top where clients cannot reach it. */
export const apiTypesOf = (definition: JsonObject): ApiType[] => {
  const kind = kindOf(definition);
  return flagAt(definition, 'internal') ? [kind, 'internal'] : [kind];
};

const kindOf = (definition: JsonObject): ApiType => {
  if (['tcp', 'tls'].includes(textAt(definition, 'protocol'))) return 'tcp';
  if (isMcp(definition)) return 'mcp';
  if (!flagAt(definition, 'graphql', 'enabled')) return 'rest';
  return graphqlTypes.get(textAt(definition, 'graphql', 'execution_mode')) ?? 'graphql';
};
