import { ownField, referencedHookIds, textAt, TYK_EXTENSION, WEB_HOOK_HANDLER, type JsonObject } from '@castellan/tyk';
import type { ApiRow } from '@castellan/persistence';
import type { DocumentForm, Identity } from '../resources/document-form';
import { eachField, eachItem, object, withChanged, without } from '../resources/fields';
import { isOasWrapper } from './wrapper';

/** The ids that a wrapper says: an OAS API's stand in its document, and in the definition as long as there is one. */
export const apiIdentityOf = (wrapper: JsonObject): Identity => {
  const id = textAt(wrapper, 'api_definition', 'id');
  const key = textAt(wrapper, 'api_definition', 'api_id');
  if (!isOasWrapper(wrapper)) return { id, key };
  const info = ['oas', TYK_EXTENSION, 'info'] as const;
  return { id: textAt(wrapper, ...info, 'dbId') || id, key: textAt(wrapper, ...info, 'id') || key };
};

/** The wrapper with identity and organisation in every place where a stored one has them. */
export const withApiIdentity = (wrapper: JsonObject, { id, key }: Identity, organisation: string): JsonObject => {
  const inDefinition = { id, org_id: organisation, ...(key === '' ? {} : { api_id: key }) };
  const inInfo = { dbId: id, orgId: organisation, ...(key === '' ? {} : { id: key }) };
  const identified = withChanged(
    wrapper,
    'api_definition',
    object((definition) => ({ ...definition, ...inDefinition })),
  );
  const located = isOasWrapper(wrapper) ? changeInfo(identified, (info) => ({ ...info, ...inInfo })) : identified;
  const referred = new Set(referencedHookIds(ownField(wrapper, 'hook_references')));
  return changeHooks(
    located,
    // A handler that somebody wrote by hand need not say an organisation.
    (meta) => referred.has(textAt(meta, '_id')),
    (hook) => ({ ...hook, org_id: organisation }),
  );
};

/** The wrapper without its organisation. What people wrote in other places stays, whatever it says. */
export const portableApi = (wrapper: JsonObject, organisation: string): JsonObject => {
  const stripped = withChanged(
    wrapper,
    'api_definition',
    object((definition) => without(definition, 'org_id')),
  );
  return changeHooks(
    changeInfo(stripped, (info) => without(info, 'orgId')),
    (meta) => textAt(meta, 'org_id') === organisation,
    (hook) => without(hook, 'org_id'),
  );
};

/** Changes `info` of an OAS document's extension. */
const changeInfo = (wrapper: JsonObject, change: (info: JsonObject) => JsonObject): JsonObject => {
  const inExtension = object((extension) => withChanged(extension, 'info', object(change)));
  return withChanged(
    wrapper,
    'oas',
    object((oas) => withChanged(oas, TYK_EXTENSION, inExtension)),
  );
};

/** Changes the web hooks in a wrapper: those among the references, and those where gateways look if they qualify. */
const changeHooks = (
  wrapper: JsonObject,
  qualifies: (meta: JsonObject) => boolean,
  change: (hook: JsonObject) => JsonObject,
): JsonObject => {
  const inMeta = object((meta) => (qualifies(meta) ? change(meta) : meta));
  const inHandlers = eachItem((handler) =>
    textAt(handler, 'handler_name') === WEB_HOOK_HANDLER ? withChanged(handler, 'handler_meta', inMeta) : handler,
  );
  const inEventHandlers = object((handlers) => withChanged(handlers, 'events', eachField(inHandlers)));
  const inReferences = eachItem((reference) => withChanged(reference, 'hook', object(change)));
  return withChanged(
    withChanged(wrapper, 'hook_references', inReferences),
    'api_definition',
    object((definition) => withChanged(definition, 'event_handlers', inEventHandlers)),
  );
};

/** API definitions in documents. */
export const apiForm: DocumentForm<ApiRow> = {
  idPath: 'api_definition.id',
  copiesPath: 'hook_references',
  identityOf: apiIdentityOf,
  withIdentity: withApiIdentity,
  portable: portableApi,
  outlineOf: ({ apiId, name, tags, categories, claims = [], slugClaim = null, hookIds }) => ({
    key: apiId,
    name,
    tags,
    categories,
    claims,
    slug: slugClaim,
    copies: hookIds,
  }),
  withoutClaims: ({ claims: _claims, slugClaim: _slug, ...draft }) => draft,
};
