import { anApiDefinition, aPolicy, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { expectOk, type TestOrganisation } from './api-under-test';

/** A JSON object that a test reads and changes. */
export type Json = Record<string, unknown>;

/** Adds an API and gives its api_id. */
export const addApi = async ({ admin }: TestOrganisation, definition: Json = anApiDefinition()): Promise<string> => {
  const reply = expectOk(await admin.client.post('/api/apis', { api_definition: definition }));
  return textOf(reply.json['ID']);
};

/** Adds a policy and gives its row id. */
export const addPolicy = async (
  { admin }: TestOrganisation,
  apiIds: readonly string[],
  overrides: Json = {},
): Promise<string> =>
  textOf(expectOk(await admin.client.post('/api/portal/policies', aPolicy(apiIds, overrides))).json['Message']);

export const aHook = (overrides: Json = {}): Json => ({
  name: unique('hook'),
  method: 'POST',
  target_path: 'http://hooks.example/',
  header_map: { 'x-a': 'b' },
  ...overrides,
});

/** Adds a web hook and gives its id. */
export const addHook = async ({ admin }: TestOrganisation, hook: Json = aHook()): Promise<string> =>
  textOf(expectOk(await admin.client.post('/api/hooks', hook)).json['Meta']);

/** The organisation's whole configuration, as text. */
export const exportOf = async ({ admin }: TestOrganisation, query = ''): Promise<string> =>
  expectOk(await admin.client.get(`/api/export${query}`)).text;

/** A configuration document that a test may change. */
export interface EditableDocument {
  castellan?: Json;
  apis: { api_definition: Json & { proxy: Json }; hook_references: Json[] }[];
  policies: Json[];
  hooks: Json[];
}

export const editable = (text: string): EditableDocument => JSON.parse(text) as EditableDocument;

/** What an import answers of each resource, by its key, and the counts. */
export const outcomeOf = (meta: JsonReply | undefined): { counts: JsonReply | undefined; actions: Json } => ({
  counts: meta?.['counts'],
  actions: Object.fromEntries(
    listOf(meta?.['resources']).map((resource) => [textOf(resource['key']), resource['action']]),
  ),
});

/** An API as it stands in a document, at a place of its own. */
export const newWrapper = (apiId = unique('api')): EditableDocument['apis'][number] => {
  const proxy = { listen_path: `/${apiId}/`, target_url: 'http://127.0.0.1:1/', strip_listen_path: true };
  return { api_definition: { ...anApiDefinition({ api_id: apiId }), proxy }, hook_references: [] };
};

/** The definition of an API in a document. */
export const definitionIn = (
  { apis }: EditableDocument,
  apiId: string,
): EditableDocument['apis'][number]['api_definition'] => {
  const found = apis.find(({ api_definition: definition }) => definition['api_id'] === apiId);
  if (found === undefined) throw new Error(`No API ${apiId}`);
  return found.api_definition;
};

/** Lets an API refer to a web hook. */
export const refer = async (
  { admin }: TestOrganisation,
  apiId: string,
  hook: string,
  definition: Json = newWrapper(apiId).api_definition,
): Promise<void> => {
  const hook_references = [{ event_name: 'QuotaExceeded', event_timeout: 60, hook: { id: hook } }];
  expectOk(await admin.client.put(`/api/apis/${apiId}`, { api_definition: definition, hook_references }));
};
