import { type JsonObject } from '../json/json-text';
import { entryPath } from '../schema/path';
import { authenticationToOas } from './auth/auth-from-classic';
import { modernClassic, splitVersions, type SplitVersion } from './classic-upgrade';
import { eventsToOas } from './events';
import { under, type Lost } from './lost';
import { mainVersion } from './main-version';
import { operationsToOas } from './operations/operations-from-classic';
import type { Problem } from '../schema/check';
import { SECTIONS } from './sections';
import { shapeToOas } from './shape';
import { reportRest } from './unmapped';
import { addressesToOas, upstreamToOas } from './upstream';
import { objectAt, textAt } from '../json/read';
import { EXTENSION, readAt, writeAt, type JsonDraft } from '../openapi/values';

/** The version of OpenAPI that migrated documents have: all nodes that know OAS APIs can read it. */
const OPENAPI_VERSION = '3.0.3';

/** An OAS document made from a classic definition. */
export interface Migration {
  readonly oas: JsonObject;
  /** Every value of the definition that the document does not carry, by its path in the definition. */
  readonly report: readonly Problem[];
}

/** A version of a classic API that becomes an API of its own. */
export interface MigratedVersion extends Migration {
  readonly name: string;
  readonly apiId: string;
  /** The definition it was made from, for {@link deriveClassicDefinition}. */
  readonly definition: JsonObject;
}

/**
 * Turns a classic definition into an OAS document with Tyk's extension. Of a versioned API only the default version is in it; see
 * {@link migrateVersions} for the others.
 *
 * `deriveClassicDefinition(migrateToOas(classic).oas, classic)` means the same to a node as `classic`, apart from what the report
 * names and from mock responses and request validation, which nodes then take from the document.
 */
export function migrateToOas(classic: JsonObject): Migration {
  const { base, others } = splitVersions(classic, (name) => name);
  const migration = migrateOne(base);
  if (others.length === 0) return migration;
  const left = others.map(({ name }) => ({
    path: entryPath('version_data.versions', name),
    message: 'is a version of its own, which becomes an API of its own; it is not part of this document',
  }));
  return { oas: withoutVersions(migration.oas), report: [...migration.report, ...left] };
}

/**
 * Turns every version of a classic API into an OAS API. The default version keeps the API's id and says under which ids the
 * others are found.
 *
 * @param newApiId called once per further version
 */
export function migrateVersions(
  classic: JsonObject,
  newApiId: (versionName: string) => string,
): { readonly base: Migration; readonly versions: readonly MigratedVersion[] } {
  const { base, others } = splitVersions(classic, newApiId);
  const versions = others.map((version) => ({
    ...migrateOne(version),
    name: version.name,
    apiId: textAt(version.definition['api_id']),
    definition: version.definition,
  }));
  return { base: migrateOne(base), versions };
}

function migrateOne({ name: versionName, definition, unused }: SplitVersion): Migration {
  const report: Problem[] = [...unused];
  const lost: Lost = (path, message = 'has no counterpart in an OAS API') => {
    report.push({ path, message });
  };
  const versionPath = entryPath('version_data.versions', versionName);
  const source = modernClassic(definition, lost, under(lost, versionPath));
  const version = mainVersion(source).version;

  const document: JsonDraft = { openapi: OPENAPI_VERSION, info: documentInfo(source, versionName), paths: {} };
  const extension: JsonDraft = { info: {}, upstream: {}, server: {} };
  for (const [from, to] of IDENTITY) {
    const value = textAt(source[from]);
    if (value !== '') writeAt(extension, to, value);
  }
  for (const section of SECTIONS) {
    const isVersion = section.in === 'version';
    const found = shapeToOas(section, isVersion ? version : source, isVersion ? under(lost, versionPath) : lost);
    if (found !== undefined) writeAt(extension, section.at, { ...objectAt(readAt(extension, section.at)), ...found });
  }
  upstreamToOas(source, extension, lost);
  addressesToOas(source, extension, lost);
  eventsToOas(source, extension, lost);
  authenticationToOas(source, document, extension, lost);

  const operations = operationsToOas(
    objectAt(version['extended_paths']),
    objectAt(source['cache_options']),
    under(lost, `${versionPath}.extended_paths`),
  );
  document['paths'] = operations.paths();
  const settings = operations.settings();
  if (settings !== undefined) writeAt(extension, 'middleware.operations', settings);

  completeSections(extension);
  document[EXTENSION] = extension;
  reportRest(source, version, lost, versionPath);
  return { oas: document, report: distinct(report) };
}

/** One classic entry can become several operations; what it loses is worth one line. */
function distinct(report: readonly Problem[]): Problem[] {
  return [...new Map(report.map((problem) => [`${problem.path} ${problem.message}`, problem])).values()];
}

const IDENTITY = [
  ['api_id', 'info.id'],
  ['id', 'info.dbId'],
  ['org_id', 'info.orgId'],
  ['slug', 'server.slug'],
] as const;

/** OpenAPI demands a title and a version, and Tyk a name. */
function documentInfo(definition: JsonObject, versionName: string): JsonDraft {
  return { title: textAt(definition['name']) || 'Untitled', version: versionName || '1.0.0' };
}

/** Sections that tools expect to say whether they are on, where only a part below them was written. */
function completeSections(extension: JsonDraft): void {
  const defaults = [
    ['upstream.authentication', { enabled: false }],
    ['server.customDomain', { enabled: false, name: '' }],
  ] as const;
  for (const [at, fields] of defaults) {
    const section = readAt(extension, at);
    if (section !== undefined) writeAt(extension, at, { ...fields, ...objectAt(section) });
  }
}

/** The base document alone must not name APIs that do not exist. */
function withoutVersions(oas: JsonObject): JsonObject {
  const at = `${EXTENSION}.info.versioning.versions`;
  if (readAt(oas, at) === undefined) return oas;
  const copy: JsonDraft = { ...oas };
  writeAt(copy, at, []);
  return copy;
}
