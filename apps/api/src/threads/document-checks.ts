import type { FieldError } from '@castellan/dto';
import {
  isJsonObject,
  parseJson,
  type DiffOperation,
  type ImportOptions,
  type ImportResult,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { inThread, isLarge } from './large-documents';
import { worksOnDocuments as works } from './works-on-documents';

/** What is wrong with documents that have been checked ahead, for as long as the request has them. */
const checkedAhead = new WeakMap<JsonObject, readonly FieldError[]>();

/**
 * Checks a large document beside the thread that answers requests, so that {@link problemsOfOas},
 * {@link problemsOfClassic} or {@link problemsOfPolicy} knows the outcome. A small one is checked when it is asked for.
 *
 * @throws Busy, BodyTooLarge
 */
export const checkAhead = async (
  document: JsonObject,
  work: 'checkOas' | 'checkClassic' | 'checkPolicy' | 'checkSession',
): Promise<void> => {
  if (checkedAhead.has(document) || !isLarge(document)) return;
  checkedAhead.set(document, await inThread<FieldError[]>(work, JSON.stringify(document)));
};

/** What is wrong with a document of an OAS API. */
export const problemsOfOas = (document: JsonValue): readonly FieldError[] =>
  (isJsonObject(document) ? checkedAhead.get(document) : undefined) ?? works.checkOas(document);

/** What is wrong with the types of a classic definition. */
export const problemsOfClassic = (definition: JsonObject): readonly FieldError[] =>
  checkedAhead.get(definition) ?? works.checkClassic(definition);

/** What is wrong with a policy. */
export const problemsOfPolicy = (policy: JsonObject): readonly FieldError[] =>
  checkedAhead.get(policy) ?? works.checkPolicy(policy);

/**
 * What is wrong with the session of a key or of an organisation; one with heavy patterns is checked beside.
 *
 * @throws Busy, BodyTooLarge
 */
export const problemsOfSession = async (session: JsonObject): Promise<readonly FieldError[]> => {
  await checkAhead(session, 'checkSession');
  return checkedAhead.get(session) ?? works.checkSession(session);
};

/** What is wrong with a definition that was derived or edited here: its types, and what they mean together. */
export const problemsOfMeaning = async (definition: JsonObject): Promise<readonly FieldError[]> =>
  isLarge(definition) ? inThread('checkMeaning', JSON.stringify(definition)) : works.checkMeaning(definition);

/** The same as `deriveClassicDefinition`. @throws Busy, BodyTooLarge */
export const derivedDefinition = async (oas: JsonObject, basis: JsonObject): Promise<JsonObject> =>
  isLarge(oas, basis) ? inThread('derive', JSON.stringify(oas), JSON.stringify(basis)) : works.derive(oas, basis);

/** The same as `importOpenApi`. @throws Busy, BodyTooLarge */
export const importDocument = async (document: JsonObject, options: ImportOptions): Promise<ImportResult> =>
  isLarge(document)
    ? inThread('importOpenApi', JSON.stringify(document), JSON.stringify(options))
    : works.importOpenApi(document, options);

/** The same as `patchOas`. @throws Busy, BodyTooLarge */
export const patchDocument = async (
  oas: JsonObject,
  document: JsonObject,
  options: ImportOptions,
): Promise<ImportResult> =>
  isLarge(oas, document)
    ? inThread('patchOas', JSON.stringify(oas), JSON.stringify(document), JSON.stringify(options))
    : works.patchOas(oas, document, options);

/** What of a document some node, or no node, can do. @throws Busy, BodyTooLarge */
export const lostOnNodes = async (document: JsonObject): Promise<readonly FieldError[]> =>
  isLarge(document) ? inThread('lost', JSON.stringify(document)) : works.lost(document);

/** The same as `contentDigest`. @throws Busy, BodyTooLarge */
export const digestOfValue = async (value: JsonValue): Promise<string> =>
  isLarge(value) ? inThread('digestOfValue', JSON.stringify(value)) : works.digestOfValue(value);

/** What changed between two documents; null stands for none. @throws Busy, BodyTooLarge */
export const difference = async (before: string | null, after: string | null): Promise<DiffOperation[]> =>
  isLarge(before, after)
    ? inThread('difference', before ?? 'null', after ?? 'null')
    : works.difference(parseJson(before ?? 'null'), parseJson(after ?? 'null'));
