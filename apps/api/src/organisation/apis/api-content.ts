import { ValidationFailed, type FieldError } from '@castellan/dto';
import type { ApiRow, Draft, OrganisationRow } from '@castellan/persistence';
import { checkDefinition, isJsonObject, listenClaims, ownField, type JsonObject, type JsonValue } from '@castellan/tyk';

/** Identity of an API: what Castellan decides, whatever the definition says. */
export interface ApiIdentity {
  readonly _id: ApiRow['_id'];
  readonly organisation: string;
  readonly apiId: string;
}

/** Fields of the wrapper that replies carry and that are not the client's to set. */
const ownedFields = new Set(['created_at', 'updated_at', 'version', 'db_id']);

/** The fields of a wrapper in the order in which clients know them (reference 1.5); others follow. */
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

/** @throws ValidationFailed with each wrong field */
export const parseApiBody = (body: unknown): JsonObject => {
  if (!isObject(body)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const definition = ownField(body, 'api_definition');
  if (!isJsonObject(definition)) {
    throw new ValidationFailed([{ path: 'api_definition', message: 'is required and must be an object' }]);
  }
  const problems = prefixed(checkDefinition(definition), 'api_definition');
  if (problems.length > 0) throw new ValidationFailed(problems);
  return body;
};

/** Bodies come out of the JSON parser, so an object holds JSON values only. */
const isObject = (body: unknown): body is JsonObject =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/** The `api_id` that the body asks for; empty when it asks for none. */
export const requestedApiId = (wrapper: JsonObject): string => textField(definitionOf(wrapper), 'api_id');

export const definitionOf = (wrapper: JsonObject): JsonObject => {
  const definition = ownField(wrapper, 'api_definition');
  return isJsonObject(definition) ? definition : {};
};

/**
 * The wrapper as it is stored: what the body says, over what was there before, with the identity put in. A wrapper field
 * that the body leaves out keeps its value, because tools such as tyk-sync send nothing but the definition.
 */
export const composeWrapper = (
  identity: ApiIdentity,
  body: JsonObject,
  before: JsonObject = emptyWrapper,
): JsonObject => {
  const sent = Object.fromEntries(Object.entries(body).filter(([field]) => !ownedFields.has(field)));
  return { ...before, ...sent, api_definition: withIdentity(definitionOf(body), identity) };
};

const withIdentity = (definition: JsonObject, { _id, organisation, apiId }: ApiIdentity): JsonObject => {
  const proxy = ownField(definition, 'proxy');
  const listenPath = isJsonObject(proxy) ? textField(proxy, 'listen_path') : '';
  return {
    ...definition,
    id: _id.toString(),
    api_id: apiId,
    org_id: organisation,
    proxy: { ...(isJsonObject(proxy) ? proxy : {}), listen_path: listenPath === '' ? `/${apiId}/` : listenPath },
  };
};

/** The row of a wrapper: the document, and the fields that queries and unique indexes need. */
export const draftOf = (
  { _id, apiId }: ApiIdentity,
  wrapper: JsonObject,
  rules: Pick<OrganisationRow, 'allowDuplicateSlugs' | 'allowDuplicatePaths'>,
): Draft<ApiRow> => {
  const definition = definitionOf(wrapper);
  const proxy = ownField(definition, 'proxy');
  const listenPath = isJsonObject(proxy) ? textField(proxy, 'listen_path') : '';
  const active = ownField(definition, 'active') === true;
  const claims = rules.allowDuplicatePaths
    ? []
    : listenClaims({
        listenPath,
        domain: textField(definition, 'domain'),
        domainDisabled: ownField(definition, 'domain_disabled') === true,
        tags: texts(definition, 'tags'),
        tagsDisabled: ownField(definition, 'tags_disabled') === true,
        listenPort: number(definition, 'listen_port'),
        active,
      });
  const slug = textField(definition, 'slug');
  return {
    _id,
    apiId,
    document: JSON.stringify(wrapper),
    name: textField(definition, 'name'),
    slug,
    listenPath,
    domain: textField(definition, 'domain'),
    active,
    tags: texts(definition, 'tags'),
    ...(claims.length === 0 ? {} : { claims }),
    ...(slug === '' || rules.allowDuplicateSlugs ? {} : { slugClaim: slug.toLowerCase() }),
    categories: texts(wrapper, 'categories'),
    authTypes: [],
    apiTypes: [],
    hookIds: [],
    userOwners: texts(wrapper, 'user_owners'),
    groupOwners: texts(wrapper, 'user_group_owners'),
    isOas: ownField(definition, 'is_oas') === true,
    baseApiId: '',
  };
};

/** A field's text; empty when it has none. */
export const textField = (object: JsonObject, field: string): string => {
  const value = ownField(object, field);
  return typeof value === 'string' ? value : '';
};

const number = (object: JsonObject, field: string): number => {
  const value = ownField(object, field);
  return typeof value === 'number' ? value : 0;
};

const isText = (value: JsonValue): value is string => typeof value === 'string';

const texts = (object: JsonObject, field: string): string[] => {
  const value = ownField(object, field);
  return Array.isArray(value) ? value.filter(isText) : [];
};
