export { checkExtension, checkOas, type OasCheckOptions } from './validate';
export { toNodeDocument, type NodeDocument } from './node-document';
export { extensionSchema, oasApiSchema } from './schema';
export { deriveClassicDefinition } from './to-classic';
export { migrateToOas, migrateVersions, type MigratedVersion, type Migration } from './from-classic';
export {
  applyTemplate,
  importOpenApi,
  patchOas,
  readImportQuery,
  type ImportOptions,
  type ImportResult,
  type PatchOptions,
} from './import';
export { readDocument, type ReadResult } from './read-document';
export { toPublicOas } from './export';
export { apiUrl, apiUrls, withGatewayServer, type ApiUrl, type GatewayAddress, type UrlComponents } from './servers';
export { EXTENSION as TYK_EXTENSION } from './values';
