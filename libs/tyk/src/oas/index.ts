export { deriveClassicDefinition } from './to-classic';
export { migrateToOas, migrateVersions, type MigratedVersion, type Migration } from './from-classic';
