import { ValidationFailed, type FieldError } from '@castellan/dto';
import type { ApiRow, Draft, OrganisationRow } from '@castellan/persistence';
import {
  checkApiWrapper,
  TYK_EXTENSION,
  flagAt,
  isJsonObject,
  listAt,
  listenClaims,
  numberAt,
  objectAt,
  ownField,
  referencedHookIds,
  textAt,
  type JsonObject,
  type JsonValue,
  type ListenAddress,
} from '@castellan/tyk';
import {
  checkAhead,
  derivedDefinition,
  problemsOfClassic,
  problemsOfMeaning,
  problemsOfOas,
} from '../threads/document-checks';
import { categoriesOf } from './categories';
import { apiTypesOf, authTypesOf } from './definition-facts';
import { ownersIn } from '../ownership/sight';
import { versionIdsOf } from './versions';
import { asWritten } from './document-paths';
import { definitionOf, isOasWrapper, omit } from './wrapper';

/** Identity of an API: what Castellan decides, whatever the definition says. */
export interface ApiIdentity {
  readonly _id: ApiRow['_id'];
  /** Empty for none. */
  readonly organisation: string;
  readonly apiId: string;
}

/**
 * Fields of the wrapper that replies carry and that are not the client's to set; and by which a super user says whose an API
 * is to be, which stands in its definition.
 */
const ownedFields = ['created_at', 'updated_at', 'version', 'db_id', 'org_id'];

/** The fields of a wrapper in the order in which clients know them (docs/tyk/management.md#apis); others follow. */
const emptyWrapper: JsonObject = {
  api_model: {},
  api_definition: {},
  hook_references: [],
  is_site: false,
  sort_by: 0,
  user_group_owners: [],
  user_owners: [],
};

const prefixed = (problems: readonly FieldError[], prefix: string): FieldError[] =>
  problems.map(({ path, message }) => ({ path: path === '' ? prefix : `${prefix}.${path}`, message }));

/** Checks what is large about a wrapper in a thread, so that {@link parseApiBody} knows the outcome. @throws Busy, BodyTooLarge */
export const prepareApiBody = async (body: unknown): Promise<void> => {
  if (!isObject(body)) return;
  const [field, work] = isOasWrapper(body)
    ? (['oas', 'checkOas'] as const)
    : (['api_definition', 'checkClassic'] as const);
  const document = ownField(body, field);
  if (isJsonObject(document)) await checkAhead(document, work);
};

/** Checks the shape of a wrapper, of either kind of API. @throws ValidationFailed with each wrong field */
export const parseApiBody = (sent: unknown): JsonObject => {
  const body = parseObject(sent);
  const definition = isOasWrapper(body)
    ? prefixed(problemsOfOas(ownField(body, 'oas') ?? null), 'oas')
    : checkClassic(ownField(body, 'api_definition'));
  const problems = [...definition, ...checkApiWrapper(body)];
  if (problems.length > 0) throw new ValidationFailed(problems);
  return body;
};

const checkClassic = (definition: JsonValue | undefined): FieldError[] => {
  if (!isJsonObject(definition)) return [{ path: 'api_definition', message: 'is required and must be an object' }];
  // Gateways from 5.0 on take the flag at its word and look for the document.
  const misses = ownField(definition, 'is_oas') === true;
  const orphan = misses ? [{ path: 'is_oas', message: 'is true, but the API has no OAS document' }] : [];
  return prefixed([...problemsOfClassic(definition), ...orphan], 'api_definition');
};

/** @throws ValidationFailed for anything but an object */
export const parseObject = (body: unknown): JsonObject => {
  if (isObject(body)) return body;
  throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
};

/** Bodies come out of the JSON parser, so an object holds JSON values only. */
const isObject = (body: unknown): body is JsonObject =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/**
 * Refuses a composed wrapper that no gateway would load or route.
 *
 * @throws ValidationFailed with each wrong field
 */
export const refuseSenseless = async (wrapper: JsonObject): Promise<void> => {
  // A classic definition has been checked as it came; one that was derived, or edited here, has not.
  const problems = await problemsOfMeaning(definitionOf(wrapper));
  if (problems.length > 0) throw new ValidationFailed(asWritten(wrapper, prefixed(problems, 'api_definition')));
};

/** Where a body says its `api_id`. */
export const apiIdPath = (wrapper: JsonObject): string =>
  isOasWrapper(wrapper) ? `oas.${TYK_EXTENSION}.info.id` : 'api_definition.api_id';

/** The `api_id` that the body asks for; empty when it asks for none. */
export const requestedApiId = (wrapper: JsonObject): string =>
  isOasWrapper(wrapper)
    ? textAt(wrapper, 'oas', TYK_EXTENSION, 'info', 'id')
    : textAt(wrapper, 'api_definition', 'api_id');

/**
 * The wrapper as it is stored: what the body says, over what was there before, with the identity put in. A wrapper field
 * that the body leaves out keeps its value, because tools such as tyk-sync send nothing but the definition. An OAS API
 * gets the classic definition of its document, which older nodes read.
 */
export const composeWrapper = async (
  identity: ApiIdentity,
  body: JsonObject,
  before: JsonObject = emptyWrapper,
): Promise<JsonObject> => {
  const sent = omit(body, ...ownedFields);
  if (!isOasWrapper(body)) {
    return { ...omit(before, 'oas'), ...sent, api_definition: withIdentity(definitionOf(body), identity) };
  }
  const oas = withOasIdentity(objectAt(body, 'oas'), identity);
  const basis = Object.hasOwn(body, 'api_definition') ? definitionOf(body) : definitionOf(before);
  const derived = await derivedDefinition(oas, basis);
  return { ...before, ...sent, api_definition: withIdentity(derived, identity), oas };
};

const withIdentity = (definition: JsonObject, { _id, organisation, apiId }: ApiIdentity): JsonObject => {
  const proxy = objectAt(definition, 'proxy');
  return {
    ...definition,
    id: _id.toString(),
    api_id: apiId,
    org_id: organisation,
    proxy: { ...proxy, listen_path: textAt(proxy, 'listen_path') || `/${apiId}/` },
  };
};

const withOasIdentity = (oas: JsonObject, { _id, organisation, apiId }: ApiIdentity): JsonObject => {
  const extension = objectAt(oas, TYK_EXTENSION);
  const info = { ...objectAt(extension, 'info'), dbId: _id.toString(), id: apiId, orgId: organisation };
  return { ...oas, [TYK_EXTENSION]: { ...extension, info } };
};

/** The row of a wrapper: the document, and the fields that queries and unique indexes need. */
export const draftOf = (
  { _id, apiId }: ApiIdentity,
  wrapper: JsonObject,
  rules: Pick<OrganisationRow, 'allowDuplicateSlugs' | 'allowDuplicatePaths'>,
): Draft<ApiRow> => {
  const definition = definitionOf(wrapper);
  const name = textAt(definition, 'name');
  const slug = textAt(definition, 'slug');
  const address = listenAddress(definition);
  const claims = rules.allowDuplicatePaths ? [] : listenClaims(address);
  const versionIds = versionIdsOf(definition);
  return {
    _id,
    apiId,
    document: JSON.stringify(wrapper),
    name,
    nameKey: name.toLowerCase(),
    slug,
    listenPath: textAt(definition, 'proxy', 'listen_path'),
    domain: textAt(definition, 'domain'),
    active: flagAt(definition, 'active'),
    tags: texts(definition, 'tags'),
    ...(claims.length === 0 ? {} : { claims, addresses: listenClaims({ ...address, tags: [] }) }),
    ...(slug === '' || rules.allowDuplicateSlugs ? {} : { slugClaim: slug.toLowerCase() }),
    categories: categoriesOf(wrapper),
    authTypes: authTypesOf(definition),
    apiTypes: apiTypesOf(definition),
    hookIds: referencedHookIds(ownField(wrapper, 'hook_references')),
    ...ownersIn(wrapper),
    isOas: isOasWrapper(wrapper),
    ...(versionIds.length === 0 ? {} : { versionIds }),
  };
};

/** Where the API of a definition listens. */
const listenAddress = (definition: JsonObject): ListenAddress => ({
  listenPath: textAt(definition, 'proxy', 'listen_path'),
  apiId: textAt(definition, 'api_id'),
  domain: textAt(definition, 'domain'),
  domainDisabled: flagAt(definition, 'domain_disabled'),
  listenPort: numberAt(definition, 'listen_port'),
  anyPath: ['tcp', 'tls'].includes(textAt(definition, 'protocol')),
  tags: texts(definition, 'tags'),
  tagsDisabled: flagAt(definition, 'tags_disabled'),
  active: flagAt(definition, 'active'),
});

const texts = (object: JsonObject, field: string): string[] =>
  listAt(object, field).filter((value) => typeof value === 'string');
