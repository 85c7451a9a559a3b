import { randomUUID } from 'node:crypto';
import type { FieldError } from '@castellan/dto';
import { flagAt, listAt, migrateVersions, objectAt, textAt, TYK_EXTENSION, type JsonObject } from '@castellan/tyk';
import { categoriesOf, withCategories } from '../apis/categories';
import { definitionOf, omit } from '../apis/wrapper';

/** A classic API as OAS APIs: the API itself, and one for each further version. */
export interface MigratedApi {
  readonly base: JsonObject;
  readonly versions: readonly JsonObject[];
  /** What of the definition the documents do not carry, by its path in the definition. */
  readonly report: readonly FieldError[];
}

/** Why an API is passed over (docs/tyk/management.md#migration). */
export const skipReasons = {
  already_migrated: 'The API is an OAS API already',
  already_staged: 'The API has a staged copy already',
  is_tcp: 'TCP and TLS services cannot be OAS APIs',
  is_streams: 'Streams cannot be migrated',
  is_graphql: 'GraphQL APIs cannot be OAS APIs',
  is_websocket: 'An upstream behind ws:// or wss:// cannot be migrated',
  not_staged: 'The API has no staged copy',
} as const;

export type SkipReason = keyof typeof skipReasons;

/** Why a classic API cannot be an OAS API; undefined when it can. */
export const unfitFor = (wrapper: JsonObject): SkipReason | undefined => {
  const definition = definitionOf(wrapper);
  if (['tcp', 'tls'].includes(textAt(definition, 'protocol'))) return 'is_tcp';
  if (flagAt(wrapper, 'is_streams')) return 'is_streams';
  if (flagAt(definition, 'graphql', 'enabled')) return 'is_graphql';
  if (/^wss?:/i.test(textAt(definition, 'proxy', 'target_url'))) return 'is_websocket';
  return undefined;
};

const newApiId = (): string => randomUUID().replaceAll('-', '');

/**
 * The wrappers of the OAS APIs that a classic one becomes. The first takes its place; categories move out of the name,
 * where an OAS API does not have them.
 */
export const migrated = (wrapper: JsonObject): MigratedApi => {
  const categories = categoriesOf(wrapper);
  const source = categories.length === 0 ? wrapper : withCategories(wrapper, []);
  const definition = definitionOf(source);
  const { base, versions } = migrateVersions(definition, newApiId);
  const around = { ...omit(source, 'api_definition', 'oas'), categories };
  const baseWrapper = { ...around, api_definition: { ...definition, is_oas: true }, oas: base.oas };
  return {
    base: baseWrapper,
    versions: versions.map((version) => ({
      ...around,
      api_definition: { ...version.definition, is_oas: true },
      oas: withSlugOf(version.oas, version.name),
    })),
    report: [...base.report, ...versions.flatMap(({ report }) => report)],
  };
};

/** A slug is there for one API only, so that of a version has the version's name behind it. */
const withSlugOf = (oas: JsonObject, versionName: string): JsonObject => {
  const extension = objectAt(oas, TYK_EXTENSION);
  const server = objectAt(extension, 'server');
  const slug = textAt(server, 'slug');
  if (slug === '') return oas;
  const own = `${slug}-${encodeURIComponent(versionName)}`;
  return { ...oas, [TYK_EXTENSION]: { ...extension, server: { ...server, slug: own } } };
};

/** What tells a staged copy from its original (Tyk's migration guide, 5.8). */
const staged = { id: 'staging-', name: '[staged] ', path: '/tyk-staging' } as const;

export const stagedIdOf = (apiId: string): string => `${staged.id}${apiId}`;

/** A classic wrapper whose migration can live beside the original. */
export const asStaged = (wrapper: JsonObject): JsonObject => {
  const definition = definitionOf(wrapper);
  const proxy = objectAt(definition, 'proxy');
  const slug = textAt(definition, 'slug');
  const copy = {
    ...omit(definition, 'id'),
    api_id: stagedIdOf(textAt(definition, 'api_id')),
    name: `${staged.name}${textAt(definition, 'name')}`,
    slug: slug === '' ? '' : `${staged.id}${slug}`,
    proxy: { ...proxy, listen_path: `${staged.path}${textAt(proxy, 'listen_path')}` },
  };
  return { ...wrapper, api_definition: copy };
};

const cut = (text: string, prefix: string): string => (text.startsWith(prefix) ? text.slice(prefix.length) : text);

/** The wrapper of a staged copy, or of one of its versions, without what told it from the original. */
export const unstaged = (wrapper: JsonObject): JsonObject => {
  const oas = objectAt(wrapper, 'oas');
  const extension = objectAt(oas, TYK_EXTENSION);
  const info = objectAt(extension, 'info');
  const server = objectAt(extension, 'server');
  const listenPath = objectAt(server, 'listenPath');
  const slug = textAt(server, 'slug');
  const changed = {
    ...extension,
    info: { ...info, id: cut(textAt(info, 'id'), staged.id), name: cut(textAt(info, 'name'), staged.name) },
    server: {
      ...server,
      ...(slug === '' ? {} : { slug: cut(slug, staged.id) }),
      listenPath: { ...listenPath, value: cut(textAt(listenPath, 'value'), staged.path) },
    },
  };
  const title = textAt(oas, 'info', 'title');
  const documentInfo = { ...objectAt(oas, 'info'), title: cut(title, staged.name) };
  return { ...wrapper, oas: { ...oas, info: documentInfo, [TYK_EXTENSION]: changed } };
};

/** The `api_id`s of the versions that a document lists. */
export const listedVersions = (wrapper: JsonObject): string[] =>
  listAt(wrapper, 'oas', TYK_EXTENSION, 'info', 'versioning', 'versions').map((entry) => textAt(entry, 'id'));
