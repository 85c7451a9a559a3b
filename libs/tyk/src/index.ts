export * from './node/signals';
export * from './node/node-protocol';
export * from './keys';
export * from './json/json-text';
export { definitionSchema } from './check/classic/definition-schema';
export { regexpWeight } from './go/regexp';
export { checkDefinition } from './check/classic/check-definition';
export { checkApiWrapper } from './check/classic/check-api-wrapper';
export type { Problem } from './schema/check';
export type { Schema } from './schema/builders';
export { policySchema } from './check/policy/policy-schema';
export { checkPolicy, toNodePolicy } from './check/policy/check-policy';
export { checkDefinitionMeaning } from './check/classic/definition-meaning';
export { WEB_HOOK_HANDLER, checkHook, embedHooks, referencedHookIds } from './check/hook/webhook';
export { listenClaims, normaliseListenPath, type ListenAddress } from './check/address/listen-path';
export { lookedUpAddresses } from './check/address/looked-up';
export { toAccessKey, withoutAccessKeys } from './json/access-key';
export { withoutBasicCredentials, withoutIssuedSecrets } from './json/issued-secret';
export { REDACTED, redact, redactDiff } from './json/redact';
export { applyDiff, diffJson, type DiffOperation } from './json/diff';
export { diffLimit, recordedDiff, type RecordedDiff, type RightsChange } from './json/recorded-diff';
export { isSameItem, nodeItems, ownerFields, type NodeItem } from './node/node-item';
export { flagAt, listAt, numberAt, objectAt, textAt } from './json/read';
export { checkExtension, checkOas, type OasCheckOptions } from './check/oas/validate';
export { toNodeDocument, type NodeDocument } from './node/node-document';
export { extensionSchema, oasApiSchema } from './check/oas/schema';
export { deriveClassicDefinition } from './convert/to-classic';
export { migrateToOas, migrateVersions, type MigratedVersion, type Migration } from './convert/from-classic';
export {
  applyTemplate,
  importOpenApi,
  patchOas,
  type ImportOptions,
  type ImportResult,
  type PatchOptions,
} from './import/import';
export { readDocument, type ReadResult } from './import/read-document';
export { AUTH_TYPES, switchedAuthTypes } from './openapi/auth-methods';
export { toPublicOas } from './openapi/export';
export {
  apiUrl,
  apiUrls,
  withGatewayServer,
  type ApiUrl,
  type GatewayAddress,
  type UrlComponents,
} from './openapi/servers';
export { EXTENSION as TYK_EXTENSION } from './openapi/values';
export * from './certificates';
export * from './oauth';
