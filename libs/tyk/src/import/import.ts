import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { objectAt, textAt } from '../json/read';
import type { Problem } from '../schema/check';
import { targetUrlFault } from '../check/address/target-url';
import { importAuthentication } from './import-auth';
import { importOperations } from './import-operations';
import { readDocument } from './read-document';
import { fromSwagger, isSwagger } from './swagger';
import { withoutTwinPaths } from './twin-paths';
import { withGatewayServer } from '../openapi/servers';
import { checkExtension, checkOas } from '../check/oas/validate';
import { EXTENSION, objectsOf, readAt, writeAt, type JsonDraft } from '../openapi/values';

/**
 * What a client asks for besides the document: the query parameters of import, patch and dry run
 * (docs/tyk/management.md#openapi-documents). A parameter that is absent leaves what it is about as it is.
 */
export interface ImportOptions {
  readonly apiId?: string;
  readonly listenPath?: string;
  readonly upstreamUrl?: string;
  readonly customDomain?: string;
  /** Switches the methods on or off that the document's `security` asks for. */
  readonly authentication?: boolean;
  /** Lets through, or no longer lets through, the document's operations only. */
  readonly allowList?: boolean;
  readonly validateRequest?: boolean;
  readonly mockResponse?: boolean;
  /** Leaves out, and reports, what would otherwise refuse the document: so far paths that differ in names only. */
  readonly lenient?: boolean;
  /** The data of a template: what it has and the document lacks is taken over. */
  readonly template?: JsonObject;
}

export type ImportResult =
  /** `notes`: what the document asks for and an OAS API cannot do. */
  | { readonly ok: true; readonly oas: JsonObject; readonly notes: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Source =
  | { readonly ok: true; readonly document: JsonValue; readonly notes: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A document in a version and a state that the rest of the import knows. */
function readSource(source: JsonValue, { lenient = false }: ImportOptions): Source {
  const read = typeof source === 'string' ? readDocument(source) : ({ ok: true, document: source } as const);
  if (!read.ok) return read;
  if (!isJsonObject(read.document)) return { ...read, notes: [] };
  const converted = isSwagger(read.document)
    ? fromSwagger(read.document)
    : { ok: true as const, document: read.document, notes: [] };
  if (!converted.ok || !lenient) return converted;
  const { document, notes } = withoutTwinPaths(converted.document);
  return { ok: true, document, notes: [...converted.notes, ...notes] };
}

/** The outcome with notes from before it. */
function withNotes(result: ImportResult, notes: readonly Problem[]): ImportResult {
  return result.ok ? { ...result, notes: [...notes, ...result.notes] } : result;
}

/**
 * Makes an OAS API of an OpenAPI document, or of one of Swagger 2.0, which is converted. The API is active, strips its listen path, records its traffic and offers context variables;
 * it listens at the path made of its title and proxies to the document's first server, unless the options say otherwise.
 *
 * @param source the document, or its text in JSON or YAML; it must not have Tyk's extension
 */
export function importOpenApi(source: JsonValue, options: ImportOptions = {}): ImportResult {
  const read = readSource(source, options);
  if (!read.ok) return read;
  const problems = checkOas(read.document, { extension: 'forbidden' });
  if (problems.length > 0) return { ok: false, problems };

  const document = applyTemplate(objectAt(read.document), options.template);
  const extension: JsonDraft = { ...objectAt(document[EXTENSION]) };
  writeAt(extension, 'info.state', { ...objectAt(readAt(extension, 'info.state')), active: true, internal: false });
  writeAt(extension, 'server.listenPath.strip', true);
  for (const section of ['contextVariables', 'trafficLogs']) {
    const at = `middleware.global.${section}`;
    if (readAt(extension, at) === undefined) writeAt(extension, at, { enabled: true });
  }
  const upstream = upstreamUrl(document, extension, options);
  if (typeof upstream !== 'string') return { ok: false, problems: [upstream] };
  writeAt(extension, 'upstream.url', upstream);
  const result = withNotes(complete(document, extension, options), read.notes);
  if (!result.ok || options.template === undefined) return result;
  // The template's part has not been looked at yet.
  const added = checkOas(result.oas);
  return added.length > 0 ? { ok: false, problems: added } : result;
}

/** A patch also says which server entry is the gateway's own. */
export interface PatchOptions extends ImportOptions {
  /** The API's own address, which stands first among the servers and is not the client's to change. */
  readonly gatewayUrl?: string;
}

/**
 * Replaces the OpenAPI part of an OAS API. The extension stays, unless the new document brings one; the options change it as at an
 * import. Settings of operations that no longer exist are dropped; servers stay if the new document names none.
 *
 * @param existing the API as it is stored
 * @param source the new document, or its text in JSON or YAML
 */
export function patchOas(existing: JsonObject, source: JsonValue, options: PatchOptions = {}): ImportResult {
  const read = readSource(source, options);
  if (!read.ok) return read;
  const problems = checkOas(read.document, { extension: 'optional' });
  if (problems.length > 0) return { ok: false, problems };

  const incoming = objectAt(read.document);
  const kept = existing['servers'];
  const servers = objectsOf(incoming['servers']).length === 0 && kept !== undefined ? { servers: kept } : {};
  const document = { ...incoming, ...servers };
  const extension: JsonDraft = { ...objectAt(incoming[EXTENSION] ?? existing[EXTENSION]) };
  if (options.upstreamUrl !== undefined) {
    const upstream = upstreamUrl(document, extension, options);
    if (typeof upstream !== 'string') return { ok: false, problems: [upstream] };
    writeAt(extension, 'upstream.url', upstream);
  }
  const result = withNotes(complete(document, extension, options), read.notes);
  if (!result.ok || options.gatewayUrl === undefined) return result;

  const own = options.gatewayUrl;
  const hadOwn = objectsOf(existing['servers']).some((server) => server['url'] === own);
  return hadOwn ? { ...result, oas: withGatewayServer(result.oas, own) } : result;
}

/** Fills in what the extension needs and what the options ask for, apart from the upstream, and checks the outcome. */
function complete(document: JsonObject, extension: JsonDraft, options: ImportOptions): ImportResult {
  const title = textAt(document, 'info', 'title');
  if (textAt(extension, 'info', 'name') === '') writeAt(extension, 'info.name', title);
  if (options.apiId !== undefined) writeAt(extension, 'info.id', options.apiId);
  const listenPath =
    options.listenPath ?? (textAt(extension, 'server', 'listenPath', 'value') || defaultListenPath(title));
  writeAt(extension, 'server.listenPath.value', listenPath);
  if (options.customDomain !== undefined) {
    const domain = objectAt(extension, 'server', 'customDomain');
    writeAt(extension, 'server.customDomain', { enabled: true, ...domain, name: options.customDomain });
  }

  const problems: Problem[] = [];
  const notes: Problem[] = [];
  if (options.authentication !== undefined) {
    const outcome = importAuthentication(document, extension, options.authentication);
    problems.push(...outcome.problems);
    notes.push(...outcome.notes);
  }
  const withOperations = importOperations(document, extension, options);
  notes.push(...withOperations.notes);
  if (problems.length === 0) problems.push(...checkExtension(extension));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, oas: { ...withOperations.document, [EXTENSION]: extension }, notes };
}

/** The given address, else the one the API has, else the document's first server. */
function upstreamUrl(document: JsonObject, extension: JsonObject, options: ImportOptions): string | Problem {
  if (options.upstreamUrl !== undefined) {
    const fault = targetUrlFault(options.upstreamUrl);
    return fault === undefined ? options.upstreamUrl : { path: 'upstreamURL', message: fault };
  }
  const current = textAt(extension, 'upstream', 'url');
  if (current !== '') return current;

  const server = objectsOf(document['servers'])[0];
  if (server === undefined) {
    return { path: 'servers', message: 'names no server to proxy to: add one, or give the parameter upstreamURL' };
  }
  const url = withDefaults(textAt(server, 'url'), objectAt(server, 'variables'));
  const fault = url.includes('{') ? 'has a variable without a default' : targetUrlFault(url);
  if (fault === undefined) return url;
  return { path: 'servers[0].url', message: `"${url}" ${fault}; change it, or give the parameter upstreamURL` };
}

function withDefaults(url: string, variables: JsonObject): string {
  return url.replace(/\{([^{}]+)\}/gu, (variable: string, name: string) => {
    // An empty text is a default like any other: an optional part of the address.
    const value = objectAt(ownField(variables, name))['default'];
    return typeof value === 'string' ? value : variable;
  });
}

/** `/pet-store/` for "Pet Store". */
function defaultListenPath(title: string): string {
  const slug = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9]+/gu, '-')
    .replace(/^-|-$/gu, '');
  return slug === '' ? '/' : `/${slug}/`;
}

/**
 * Takes over from a template what the document does not say. Objects are merged field by field; where both have a value, or a list,
 * the document's counts.
 */
export function applyTemplate(document: JsonObject, template: JsonObject | undefined): JsonObject {
  return template === undefined ? document : objectAt(merge(document, template));
}

function merge(value: JsonValue, template: JsonValue): JsonValue {
  if (!isJsonObject(value) || !isJsonObject(template)) return value;
  const added = Object.entries(template).filter(([name]) => !Object.hasOwn(value, name));
  const kept = Object.entries(value).map(([name, field]) => {
    const other = ownField(template, name);
    return [name, other === undefined ? field : merge(field, other)] as const;
  });
  return Object.fromEntries([...kept, ...added]);
}
