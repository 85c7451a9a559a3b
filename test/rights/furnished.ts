import { Redis } from 'ioredis';
import {
  analyticsList,
  anAnalyticsRecord,
  anApiDefinition,
  aPolicy,
  encodeRecord,
  eventually,
  listOf,
  makeCertificate,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { expectOk, type ApiUnderTest, type TestOrganisation } from '../../apps/api/test/api-under-test';
import { exampleBodyOf, publishedOperations, type PublishedOperation } from '../support/published-operations';

/** By whom paths can name what an organisation has: the kind of thing, and its ids, any of which will do. */
type Things = Readonly<Record<string, readonly string[]>>;

/** An organisation in which there is one of everything that a path can name. */
export interface Furnished {
  readonly organisation: TestOrganisation;
  readonly things: Things;
  /** Those of them that others must not come to. */
  readonly secretThings: Things;
  /** What only this organisation, or only the owners in it, may read: ids, and a word that stands in everything. */
  readonly secrets: readonly string[];
  readonly mark: string;
}

interface Owners {
  readonly user_owners?: readonly string[];
}

const documentOf = (operationId: string, mark: string): JsonReply => {
  const operation = publishedOperations.get(operationId);
  const example = operation === undefined ? undefined : exampleBodyOf(operation);
  // A copy of its own, which the test may change.
  const text = JSON.stringify(example).replace(/,?"id":"[0-9a-f]{32}",/, '');
  const document = JSON.parse(text) as { info: object; 'x-tyk-api-gateway': { info: object; server: object } };
  const extension = document['x-tyk-api-gateway'];
  const own = {
    ...extension,
    info: { ...extension.info, name: `${mark} ${operationId}` },
    server: { ...extension.server, listenPath: { value: `/${mark}-${operationId}/`, strip: true } },
  };
  return JSON.parse(
    JSON.stringify({
      ...document,
      info: { ...document.info, title: `${mark} ${operationId}` },
      'x-tyk-api-gateway': own,
    }),
  ) as JsonReply;
};

const idsOf = ({ json }: { readonly json: JsonReply }): readonly string[] => [textOf(json['ID']), textOf(json['Meta'])];

/** APIs, a policy and a key for them, all with the mark and all of the owners. */
const furnishOwned = async (client: HttpClient, mark: string, owners: Owners): Promise<Things> => {
  const definition = anApiDefinition({ name: `${mark} classic #${mark}`, tags: [mark], slug: mark });
  const api = idsOf(expectOk(await client.post('/api/apis', { api_definition: definition, ...owners })));
  const documents: (readonly [string, readonly string[]])[] = [];
  for (const [kind, operation, path] of [
    ['oas', 'createOasApi', '/api/apis/oas'],
    ['streams', 'createStreamsApi', '/api/apis/streams'],
    ['mcp', 'createMcp', '/api/mcps'],
  ] as const) {
    const ids = idsOf(expectOk(await client.post(path, documentOf(operation, mark))));
    if (owners.user_owners !== undefined) {
      expectOk(await client.put(`/api/apis/${ids[0] ?? ''}/access`, { userIds: owners.user_owners }));
    }
    documents.push([kind, ids]);
  }
  const protectedBy = { name: `${mark} oauth`, use_keyless: false, use_oauth2: true };
  const oauthDefinition = anApiDefinition({ ...protectedBy, proxy: { listen_path: `/${mark}-oauth/` } });
  const oauthApi = idsOf(expectOk(await client.post('/api/apis', { api_definition: oauthDefinition, ...owners })));
  const app = { redirect_uri: `https://${mark}.example/`, description: mark };
  const oauthClient = textOf(
    expectOk(await client.post(`/api/apis/oauth/${oauthApi[0] ?? ''}`, app)).json['client_id'],
  );
  const fields = { name: `${mark} policy`, tags: [mark], ...owners };
  const policy = textOf(
    expectOk(await client.post('/api/portal/policies', aPolicy([api[0] ?? ''], fields))).json['Message'],
  );
  const { json } = expectOk(await client.post('/api/keys', { apply_policies: [policy], alias: mark, tags: [mark] }));
  const key = [textOf(json['key_hash']), textOf(json['key_id'])];
  return { api, ...Object.fromEntries(documents), policy: [policy], key, oauthApi, oauthClient: [oauthClient] };
};

/** What nobody owns: people, hooks, templates and records. */
const furnishRest = async (api: ApiUnderTest, organisation: TestOrganisation, mark: string): Promise<Things> => {
  const { client } = organisation.admin;
  const made = async (path: string, body: object): Promise<string> =>
    textOf(expectOk(await client.post(path, body)).json['Meta']);
  const permissions = { websockets: 'read' };
  const group = await made('/api/usergroups', { name: `${mark} group`, user_permissions: permissions });
  const user = await made('/api/users', {
    ...{ first_name: mark, email_address: `${mark}@acme.example`, user_permissions: permissions, group_id: group },
  });
  const target = { method: 'POST', target_path: `http://${mark}.example/` };
  const hook = await made('/api/hooks', { name: `${mark} hook`, ...target });
  const asset = `${mark}-template`;
  const data = documentOf('createOasApi', mark);
  const template = { id: asset, kind: 'oas-template', name: `${mark} template`, data };
  expect((await client.post('/api/assets', template)).status).toBe(201);
  const cert = await addCertificate(client, mark);
  const issuer = { name: `${mark} provider`, issuer: `https://${mark}.example`, client_id: mark };
  const provider = await made('/api/identity-providers', issuer);
  const session = await sessionOf(api, organisation);
  const audits = listOf(expectOk(await client.get('/api/audit-logs')).json['audit_logs']);
  return {
    organisation: [organisation.id],
    ...{
      group: [group],
      user: [user],
      hook: [hook],
      asset: [asset],
      session: [session],
      cert: [cert],
      provider: [provider],
    },
    audit: [textOf(audits[0]?.['_id'])],
  };
};

const addCertificate = async (client: HttpClient, mark: string): Promise<string> => {
  const { pem } = await makeCertificate({ name: `${mark}.example` });
  const form = new FormData();
  form.append('data', new Blob([pem]), 'certificate.pem');
  return textOf(expectOk(await client.post('/api/certs', form)).json['id']);
};

/** The id of a session of some user. */
const sessionOf = async (api: ApiUnderTest, { id }: TestOrganisation): Promise<string> => {
  const { id: userId, client } = await api.user(id, { websockets: 'read' });
  const password = `${unique('horse')} battery`;
  expectOk(await client.post(`/api/users/${userId}/actions/reset`, { new_password: password }));
  const username = textOf(expectOk(await client.get('/api/users/me')).json['email_address']);
  expectOk(await api.anonymous.post('/login', { username, password, org_id: id }));
  const { json } = expectOk(await client.get('/api/sessions'));
  return textOf(listOf(json['sessions'])[0]?.['id']);
};

/** A recorded request to the API, and its id. */
const recordRequest = async (api: ApiUnderTest, { id, admin }: TestOrganisation, things: Things, mark: string) => {
  const redis = new Redis(api.config.redisUrl);
  const record = { OrgID: id, APIID: things['api']?.[0], APIName: `${mark} classic`, Path: `/${mark}`, Alias: mark };
  await redis.rpush(analyticsList, encodeRecord(anAnalyticsRecord({ ...record, APIKey: things['key']?.[0] })));
  redis.disconnect();
  const now = Math.floor(Date.now() / 1_000);
  const found = await eventually(async () => {
    const { json } = expectOk(await admin.client.get(`/api/logs?start=${now - 600}&end=${now + 600}&alias=${mark}`));
    return listOf(json['data'])[0];
  });
  return textOf(found['id']);
};

/**
 * Furnishes an organisation through its own routes.
 *
 * @param owner who alone owns its APIs and policies; nobody when left out
 */
export const furnish = async (
  api: ApiUnderTest,
  organisation: TestOrganisation,
  owner?: string,
): Promise<Furnished> => {
  const mark = unique('mark').toLowerCase();
  const owned = await furnishOwned(
    organisation.admin.client,
    mark,
    owner === undefined ? {} : { user_owners: [owner] },
  );
  const log = await recordRequest(api, organisation, owned, mark);
  const ownedIds = Object.values(owned).flat();
  if (owner !== undefined) {
    const rest = await furnishRest(api, organisation, unique('shown'));
    const secretThings = { ...owned, log: [log] };
    return { organisation, mark, things: { ...rest, ...secretThings }, secretThings, secrets: [mark, ...ownedIds] };
  }
  const rest = await furnishRest(api, organisation, mark);
  const things = { ...rest, ...owned, log: [log] };
  return { organisation, mark, things, secretThings: things, secrets: [mark, ...Object.values(things).flat()] };
};

/** What each `{id}` of a path means; the longest path that fits wins. */
const meanings: readonly (readonly [path: string, thing: string])[] = [
  ['/api/apis/keys/basic/{username}', ''],
  ['/api/apis/oas/', 'oas'],
  ['/api/apis/streams/', 'streams'],
  ['/api/apis/oauth/', 'oauthApi'],
  ['/api/apis/', 'api'],
  ['/api/mcps/', 'mcp'],
  ['/api/cache/jwks/', 'api'],
  ['/api/usage/apis/', 'api'],
  ['/api/portal/policies/', 'policy'],
  ['/api/keys/', 'key'],
  ['/api/certs/', 'cert'],
  ['/api/identity-providers/', 'provider'],
  ['/sso/oidc/', 'provider'],
  ['/api/hooks/', 'hook'],
  ['/api/assets/', 'asset'],
  ['/api/users/', 'user'],
  ['/api/usergroups/', 'group'],
  ['/api/sessions/', 'session'],
  ['/api/audit-logs/', 'audit'],
  ['/api/logs/', 'log'],
  ['/admin/analytics/dead-letters/', 'log'],
  ['/admin/audit-logs/', 'audit'],
  ['/admin/organisations/', 'organisation'],
  ['/admin/org/keys/', 'organisation'],
  ['/admin/users/', 'user'],
];

/** Names that mean the same wherever they stand; those of days and numbers belong to nobody. */
const byName: Readonly<Record<string, string>> = {
  ...{ key: 'key', keys: 'key', client: 'oauthClient', clientId: 'oauthClient', token: '' },
  ...{ username: '', location: '', n: '' },
  ...{ from_day: '', from_month: '', from_year: '', to_day: '', to_month: '', to_year: '' },
};

/** The thing that a name in a path means; empty for what belongs to nobody. @throws for a path that nobody knows here yet */
const thingOf = (path: string, name: string): string => {
  const meant = byName[name] ?? meanings.find(([prefix]) => path.startsWith(prefix))?.[1];
  if (meant === undefined) {
    throw new Error(`What does {${name}} of ${path} name? Say it in test/rights/furnished.ts, and make one there`);
  }
  return meant;
};

/** Whether a path names anything of an organisation, or anything of these. */
export const namesThings = ({ path, pathNames }: PublishedOperation, things?: Things): boolean => {
  const meant = pathNames.map((name) => thingOf(path, name)).filter((thing) => thing !== '');
  return meant.length > 0 && meant.every((thing) => things === undefined || thing in things);
};

/** The values for the names in a path that mean things, in every way in which they can be named. */
export const namesOf = (
  { path, pathNames }: PublishedOperation,
  things: Things,
): readonly Readonly<Record<string, string>>[] => {
  const meant = pathNames.map((name) => [name, thingOf(path, name)] as const).filter(([, thing]) => thing !== '');
  const ways = Math.max(1, ...meant.map(([, thing]) => things[thing]?.length ?? 0));
  return Array.from({ length: ways }, (_, way) =>
    Object.fromEntries(
      meant.map(([name, thing]) => {
        const ids = things[thing] ?? [];
        const id = ids[Math.min(way, ids.length - 1)];
        if (id === undefined) throw new Error(`There is no ${thing}, which ${path} names`);
        return [name, id];
      }),
    ),
  );
};
