import {
  anApiDefinition,
  aPolicy,
  makeCertificate,
  textOf,
  unique,
  type HttpClient,
  type Reply,
} from '@castellan/testing';
import type { ApiUnderTest, TestOrganisation } from '../../apps/api/test/api-under-test';
import { addApi, addPolicy, aHook, type Json } from '../../apps/api/test/configuration';
import { anOasApi } from '../../apps/api/test/oas-documents';

/** One request whose cost is counted. */
export interface Counted {
  readonly request: string;
  /** Makes what the call needs; it is not counted. */
  readonly prepare?: () => Promise<string>;
  readonly call: (prepared: string) => Promise<Reply>;
}

/** The routes of one kind. */
interface Kind {
  readonly path: string;
  /** How the table names the path. */
  readonly shown?: string;
  readonly client: HttpClient;
  readonly body: () => Json | FormData | Promise<FormData>;
  /** What a change of it is sent as; null for kinds that are not changed. */
  readonly change: ((changes: number) => Json) | null;
  readonly idOf: (reply: Reply) => string | Promise<string>;
  /** What a change to the same is asked with. */
  readonly unchangedQuery?: string;
}

const isDone = ({ status }: Reply): boolean => status === 200 || status === 201;

export const done = async (reply: Promise<Reply>): Promise<Reply> => {
  const answered = await reply;
  if (!isDone(answered)) throw new Error(`Expected success, got ${answered.status}: ${answered.text}`);
  return answered;
};

let changes = 0;

/** Creating, changing, not changing, reading, listing and deleting. */
const routesOf = ({
  path,
  shown = path,
  client,
  body,
  change,
  idOf,
  unchangedQuery = '',
}: Kind): readonly Counted[] => {
  const one = `${shown}/{id}`;
  const create = async (): Promise<Reply> => done(client.post(path, await body()));
  const created = async (): Promise<string> => idOf(await create());
  let kept = '';
  const keep = async (): Promise<string> => (kept ||= await created());
  const changed = (count: number): Json => change?.(count) ?? {};
  const writes: readonly Counted[] = [
    { request: `PUT ${one}`, prepare: keep, call: (id) => client.put(`${path}/${id}`, changed((changes += 1))) },
    {
      request: `PUT ${one}, unchanged`,
      prepare: async () => {
        const id = await keep();
        await done(client.put(`${path}/${id}`, changed(changes)));
        return id;
      },
      call: (id) => client.put(`${path}/${id}${unchangedQuery}`, changed(changes)),
    },
  ];
  return [
    { request: `POST ${shown}`, call: create },
    ...(change === null ? [] : writes),
    { request: `GET ${one}`, prepare: keep, call: (id) => client.get(`${path}/${id}`) },
    {
      request: `GET ${shown}`,
      prepare: async () => (await done(client.get(path))).text,
      call: () => client.get(path),
    },
    { request: `DELETE ${one}`, prepare: created, call: (id) => client.delete(`${path}/${id}`) },
  ];
};

const metaOf = ({ json }: Reply): string => textOf(json['Meta']);

const aCertificate = async (): Promise<FormData> => {
  const form = new FormData();
  form.append(
    'data',
    new Blob([(await makeCertificate({ name: `${unique('client')}.example` })).pem]),
    'certificate.pem',
  );
  return form;
};

/** APIs, and what lists and histories of them cost. */
export const apiRequests = async (organisation: TestOrganisation): Promise<readonly Counted[]> => {
  const { client } = organisation.admin;
  const rowIdOf = async (apiId: string): Promise<string> =>
    textOf((await done(client.get(`/api/apis/${apiId}`))).json['api_definition']?.['id']);
  const rowId = await rowIdOf(await addApi(organisation));
  const definition = anApiDefinition();
  const apis = routesOf({
    path: '/api/apis',
    client,
    body: () => ({ api_definition: anApiDefinition() }),
    change: (count) => ({ api_definition: { ...definition, name: `changed ${count}` } }),
    idOf: ({ json }) => textOf(json['ID']),
  });
  const oas = anOasApi();
  return [
    ...apis,
    {
      request: 'POST /api/apis/validate',
      call: () => client.post('/api/apis/validate', { api_definition: anApiDefinition() }),
    },
    { request: 'GET /api/apis/{id}, by database id', call: () => client.get(`/api/apis/${rowId}`) },
    {
      request: 'GET /api/apis, after a change',
      prepare: () => addApi(organisation),
      call: () => client.get('/api/apis'),
    },
    { request: 'GET /api/apis/{id}/revisions', call: () => client.get(`/api/apis/${rowId}/revisions`) },
    ...routesOf({
      path: '/api/apis/oas',
      client,
      body: anOasApi,
      change: (count) => ({ ...oas, info: { title: `changed ${count}`, version: '1' } }),
      idOf: ({ json }) => textOf(json['ID']),
    }).filter(({ request }) => request !== 'GET /api/apis/oas'),
  ];
};

/** What is configured beside APIs. */
export const configurationRequests = async (organisation: TestOrganisation): Promise<readonly Counted[]> => {
  const { client } = organisation.admin;
  const apiId = await addApi(organisation);
  const oauthApi = await addApi(organisation, anApiDefinition({ use_keyless: false, use_oauth2: true }));
  const policy = aPolicy([apiId]);
  const hook = aHook();
  const hooks = routesOf({
    path: '/api/hooks',
    client,
    body: aHook,
    change: (count) => ({ ...hook, name: `changed ${count}` }),
    idOf: metaOf,
  });
  return [
    ...routesOf({
      path: '/api/portal/policies',
      client,
      body: () => aPolicy([apiId]),
      change: (count) => ({ ...policy, name: `changed ${count}` }),
      idOf: ({ json }) => textOf(json['Message']),
    }),
    ...hooks,
    ...routesOf({
      path: '/api/assets',
      client,
      body: () => ({ id: unique('template'), kind: 'oas-template', name: 'Sizes', data: {} }),
      change: (count) => ({ kind: 'oas-template', name: `changed ${count}`, data: {} }),
      idOf: ({ json }) => textOf(json['ID']),
    }),
    ...routesOf({
      path: '/api/certs',
      client,
      body: aCertificate,
      change: null,
      idOf: ({ json }) => textOf(json['id']),
    }),
    ...routesOf({
      path: `/api/apis/oauth/${oauthApi}`,
      shown: '/api/apis/oauth/{apiId}',
      client,
      body: () => ({ redirect_uri: 'https://app.example/' }),
      change: (count) => ({ description: `changed ${count}` }),
      idOf: ({ json }) => textOf(json['client_id']),
    }),
  ];
};

/** Keys, whose sessions are at Redis. */
export const keyRequests = async (organisation: TestOrganisation): Promise<readonly Counted[]> => {
  const policy = await addPolicy(organisation, [await addApi(organisation)]);
  return routesOf({
    path: '/api/keys',
    client: organisation.admin.client,
    body: () => ({ apply_policies: [policy] }),
    change: (count) => ({ alias: `changed ${count}` }),
    idOf: ({ json }) => textOf(json['key_hash']),
    unchangedQuery: '?suppress_reset=1',
  });
};

/** People, their groups and organisations, and where they come from. */
export const peopleRequests = (
  api: ApiUnderTest,
  { id: organisation, admin }: TestOrganisation,
): readonly Counted[] => {
  const grants = { user_permissions: { apis: 'read' } };
  const aUser = (): Json => ({ email_address: `${unique('user')}@example.org`, first_name: 'Ada', ...grants });
  const named = (count: number): Json => ({ last_name: `changed ${count}` });
  const issuer = { issuer: 'https://accounts.example', client_id: 'castellan' };
  return [
    ...routesOf({
      path: '/api/users',
      client: admin.client,
      body: aUser,
      change: named,
      idOf: ({ json }) => textOf(json['Meta']?.['id'] ?? json['Meta']),
    }),
    ...routesOf({
      path: '/api/usergroups',
      client: admin.client,
      body: () => ({ name: unique('group'), ...grants }),
      change: (count) => ({ description: `changed ${count}` }),
      idOf: metaOf,
    }),
    ...routesOf({
      path: '/api/identity-providers',
      client: admin.client,
      body: () => ({ name: unique('provider'), ...issuer }),
      change: (count) => ({ name: `changed ${count}`, ...issuer }),
      idOf: metaOf,
    }),
    ...routesOf({
      path: '/admin/users',
      client: api.admin,
      body: () => ({ ...aUser(), org_id: organisation }),
      change: named,
      idOf: ({ json }) => textOf(json['Meta']?.['id']),
    }),
    ...routesOf({
      path: '/admin/organisations',
      client: api.admin,
      body: () => ({ owner_name: unique('org') }),
      change: (count) => ({ owner_name: `changed ${count}` }),
      idOf: metaOf,
    }).filter(({ request }) => !request.startsWith('DELETE')),
    { request: 'GET /api/audit-logs', call: () => admin.client.get('/api/audit-logs') },
  ];
};

/** What gateways ask for, and what is known of them. */
export const nodeRequests = async (api: ApiUnderTest, { admin }: TestOrganisation): Promise<readonly Counted[]> => {
  const node = await done(api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway-1' } }));
  const headers = {
    'x-tyk-nodeid': textOf(node.json['Message']?.['NodeID']),
    'x-tyk-nonce': textOf(node.json['Nonce']),
  };
  // Once after all changes: who reads again what nodes are served does it for whoever else asks just then.
  await done(admin.client.get('/api/system/nodes'));
  return [
    { request: 'GET /api/system/nodes', call: () => admin.client.get('/api/system/nodes') },
    { request: 'GET /register/ping', call: () => api.node.get('/register/ping', { headers }) },
    { request: 'GET /system/apis', call: () => api.node.get('/system/apis', { headers }) },
    { request: 'GET /system/policies', call: () => api.node.get('/system/policies', { headers }) },
  ];
};
