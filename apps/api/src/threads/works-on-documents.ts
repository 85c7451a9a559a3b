import type { FieldError } from '@castellan/dto';
import {
  checkDefinition,
  checkDefinitionMeaning,
  checkOas,
  checkPolicy,
  checkSession,
  contentDigest,
  deriveClassicDefinition,
  diffJson,
  importOpenApi,
  patchOas,
  toNodeDocument,
  type JsonObject,
} from '@castellan/tyk';

/** What takes long with a large document: it is done at once, or by these names in a thread. */
export const worksOnDocuments = {
  checkOas,
  checkClassic: checkDefinition,
  checkPolicy,
  checkSession,
  /** The types of a definition, and what they mean together. */
  checkMeaning: (definition: JsonObject): readonly FieldError[] => [
    ...checkDefinition(definition),
    ...checkDefinitionMeaning(definition),
  ],
  derive: deriveClassicDefinition,
  importOpenApi,
  patchOas,
  /** What of a document some node, or no node, can do. */
  lost: (document: JsonObject): readonly FieldError[] => toNodeDocument(document).lost,
  digestOfValue: contentDigest,
  difference: diffJson,
};
