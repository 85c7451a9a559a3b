import { ValidationFailed } from '@castellan/dto';
import { TYK_EXTENSION, listAt, objectAt, textAt, type JsonObject } from '@castellan/tyk';
import { definitionOf, isOasWrapper, omit } from './wrapper';

/**
 * How an API says that others are versions of it: `definition` of a classic definition, `info.versioning` of an OAS
 * document. The base lists its children; a child knows nothing of its base.
 */
export interface Versioning {
  /** The name of the base's own version; empty while it has none. */
  readonly name: string;
  /** The name of the default version; `self` for the base. */
  readonly default: string;
  /** Version name to `api_id`. */
  readonly versions: ReadonlyMap<string, string>;
  /** Everything else of it, in the words of the kind of API. */
  readonly rest: JsonObject;
}

/** What a request says of the version that it creates (docs/tyk/management.md#versions-of-apis). */
export interface VersionLink {
  readonly baseId: string;
  readonly baseName: string;
  readonly newName: string;
  readonly setDefault: boolean;
}

export const versioningOf = (wrapper: JsonObject): Versioning => {
  const isOas = isOasWrapper(wrapper);
  const written = isOas
    ? objectAt(wrapper, 'oas', TYK_EXTENSION, 'info', 'versioning')
    : objectAt(wrapper, 'api_definition', 'definition');
  const versions = isOas
    ? listAt(written, 'versions').map((entry) => [textAt(entry, 'name'), textAt(entry, 'id')] as const)
    : Object.keys(objectAt(written, 'versions')).map((name) => [name, textAt(written, 'versions', name)] as const);
  return {
    name: textAt(written, 'name'),
    default: textAt(written, 'default'),
    versions: new Map(versions),
    rest: omit(written, 'name', 'default', 'versions'),
  };
};

/** The `api_id`s of the APIs that are versions of this one, itself left out. */
export const versionIdsOf = (definition: JsonObject): string[] => {
  const versions = objectAt(definition, 'definition', 'versions');
  const ids = Object.keys(versions).map((name) => textAt(versions, name));
  return [...new Set(ids)].filter((id) => id !== '' && id !== textAt(definition, 'api_id'));
};

/** Whether callers who name no version get this one. */
export const isDefaultVersion = (versioning: Versioning, name: string, isBase: boolean): boolean =>
  versioning.default === name || (isBase && ['', 'self'].includes(versioning.default));

/**
 * The base's wrapper with one more version.
 *
 * @throws ValidationFailed when the base would have no version name, or has a version of the new name
 */
export const withVersion = (wrapper: JsonObject, link: VersionLink, apiId: string): JsonObject => {
  const versioning = versioningOf(wrapper);
  const name = link.baseName === '' ? versioning.name : link.baseName;
  if (name === '') {
    const said = `you need to provide a version name for the new Base API: ${link.baseId}`;
    throw new ValidationFailed([{ path: 'base_api_version_name', message: 'is required: the base has none' }], said);
  }
  if (link.newName === name || versioning.versions.has(link.newName)) {
    const message = `must differ from the names of the other versions; there is ${link.newName} already`;
    throw new ValidationFailed([{ path: 'new_version_name', message }]);
  }
  const current = versioning.default === '' ? 'self' : versioning.default;
  return withVersioning(wrapper, {
    name,
    default: link.setDefault ? link.newName : current,
    versions: new Map([...versioning.versions, [link.newName, apiId]]),
    rest: inUse(versioning.rest),
  });
};

/** Callers name the version in a header where nothing else was said (gateway, `apidef`, 5.2 to 5.15). */
const inUse = (rest: JsonObject): JsonObject => ({
  ...rest,
  enabled: true,
  location: textAt(rest, 'location') || 'header',
  key: textAt(rest, 'key') || 'x-api-version',
});

/** The base's wrapper without the versions that an API was; what was the default falls back to the base. */
export const withoutVersionOf = (wrapper: JsonObject, apiId: string): JsonObject => {
  const versioning = versioningOf(wrapper);
  const versions = new Map([...versioning.versions].filter(([, id]) => id !== apiId));
  const lost = versioning.versions.has(versioning.default) && !versions.has(versioning.default);
  return withVersioning(wrapper, { ...versioning, default: lost ? 'self' : versioning.default, versions });
};

/** The base's wrapper after one of its versions got another `api_id`. */
export const withVersionRenamed = (wrapper: JsonObject, from: string, to: string): JsonObject => {
  const versioning = versioningOf(wrapper);
  const versions = [...versioning.versions].map(([name, id]) => [name, id === from ? to : id] as const);
  return withVersioning(wrapper, { ...versioning, versions: new Map(versions) });
};

/** Writes the versioning where this kind of API has it; null takes it away, as versions that are no base have none. */
export const withVersioning = (wrapper: JsonObject, versioning: Versioning | null): JsonObject =>
  isOasWrapper(wrapper) ? oasWithVersioning(wrapper, versioning) : classicWithVersioning(wrapper, versioning);

const oasWithVersioning = (wrapper: JsonObject, versioning: Versioning | null): JsonObject => {
  const oas = objectAt(wrapper, 'oas');
  const extension = objectAt(oas, TYK_EXTENSION);
  const info = objectAt(extension, 'info');
  // Entries may hold more than Castellan knows of.
  const known = new Map(
    listAt(info, 'versioning', 'versions').map((entry) => [textAt(entry, 'name'), objectAt(entry)]),
  );
  const written = versioning && {
    ...versioning.rest,
    name: versioning.name,
    default: versioning.default,
    versions: [...versioning.versions].map(([name, id]) => ({ ...known.get(name), name, id })),
  };
  const changed = written === null ? omit(info, 'versioning') : { ...info, versioning: written };
  return { ...wrapper, oas: { ...oas, [TYK_EXTENSION]: { ...extension, info: changed } } };
};

const classicWithVersioning = (wrapper: JsonObject, versioning: Versioning | null): JsonObject => {
  const definition = definitionOf(wrapper);
  const written = versioning && {
    ...versioning.rest,
    name: versioning.name,
    default: versioning.default,
    versions: Object.fromEntries(versioning.versions),
  };
  const changed = written === null ? omit(definition, 'definition') : { ...definition, definition: written };
  return { ...wrapper, api_definition: changed };
};
