import { type JsonObject } from '../json/json-text';
import { authenticationToClassic } from './auth/auth-to-classic';
import { eventsToClassic } from './events';
import { mainVersion, singleVersion } from './main-version';
import { operationsToClassic } from './operations/operations';
import { SECTIONS } from './sections';
import { shapeToClassic } from './shape';
import { modernExtension } from './upgrade';
import { addressesToClassic, upstreamToClassic } from './upstream';
import { objectAt, textAt } from '../json/read';
import { readAt, without, type JsonDraft } from '../openapi/values';

/** Fields that identify the API. An extension may leave them to whoever stores it, so what is known already stays. */
const IDENTITY = [
  ['info.id', 'api_id'],
  ['info.dbId', 'id'],
  ['info.orgId', 'org_id'],
  ['server.slug', 'slug'],
] as const;

/**
 * The classic definition of an OAS API, as nodes need it beside the document: everything the extension can say is written, also
 * where it says nothing (the field then has the default, as on nodes, which convert the same way). Source: the conversion of the
 * Tyk gateway, 5.2 to 5.9 (apidef/oas, `ExtractTo`).
 *
 * Beyond that, so that older nodes understand it too: sections and operation settings that are switched off lose their values,
 * allowed, blocked and ignored paths also name their method the old way, and the older names of some flags are set.
 *
 * Not in it, because nodes take them from the document: mock responses and the schemas of request validation.
 *
 * @param oas a document that {@link checkOas} accepts
 * @param base the API's definition so far; fields without a counterpart in the extension are kept from it
 */
export function deriveClassicDefinition(oas: JsonObject, base: JsonObject = {}): JsonObject {
  const extension = modernExtension(oas);
  const definition: JsonDraft = { ...base, is_oas: true };
  // The API itself says where it proxies to and when it ends.
  const version = without(mainVersion(base).version, 'override_target', 'expires');

  for (const [from, to] of IDENTITY) {
    const value = textAt(readAt(extension, from));
    if (value !== '') definition[to] = value;
  }
  for (const section of SECTIONS) {
    const target = section.in === 'definition' ? definition : version;
    shapeToClassic(section, objectAt(readAt(extension, section.at)), target);
  }
  upstreamToClassic(extension, definition);
  addressesToClassic(extension, definition);
  authenticationToClassic(oas, extension, definition);
  eventsToClassic(extension, definition);

  version['name'] = textAt(version['name']);
  version['use_extended_paths'] = true;
  version['extended_paths'] = operationsToClassic(oas, extension, objectAt(version['extended_paths']));
  definition['version_data'] = singleVersion(base, version);
  return definition;
}
