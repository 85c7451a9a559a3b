import { Redis } from 'ioredis';
import { transportEvents } from '@castellan/delivery';
import { newObjectId } from '@castellan/persistence';
import {
  anApiDefinition,
  aPolicy,
  NodeSimulator,
  textOf,
  unique,
  type HttpClient,
  type Reply,
} from '@castellan/testing';
import { NOTIFICATION_CHANNEL, verifyNotification } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { aHook, addHook } from '../../../test/configuration';
import { anOasApi } from '../../../test/oas-documents';
import { unseenOf } from '../../../test/unseen-changes';

/** What one program of the installation said to others. */
interface Heard {
  readonly channel: string;
  readonly message: string;
}

describe('changes and reloads', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let client: HttpClient;
  let listener: Redis;
  let nodes: readonly NodeSimulator[];
  const heard: Heard[] = [];

  beforeAll(async () => {
    // No look at the nodes: only changes may reload them here.
    api = await ApiUnderTest.start({ RECONCILE_MS: '3600000' });
    listener = new Redis(api.config.redisUrl);
    listener.on('message', (channel: string, message: string) => heard.push({ channel, message }));
    await listener.subscribe(NOTIFICATION_CHANNEL, transportEvents.configurationChanged);
    organisation = await api.organisation();
    client = organisation.admin.client;
    const { nodeSecret, redisUrl } = api.config;
    nodes = (['v3', 'v5', 'v5.14'] as const).map(
      (profile) =>
        new NodeSimulator({
          dashboardUrl: api.url,
          nodeSecret,
          redisUrl,
          gatewaySecret: 'g',
          profile,
          reloadTickMs: 20,
        }),
    );
    await Promise.all(nodes.map((node) => node.start()));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    listener.disconnect();
    await api.stop();
  });

  const reloads = (): number[] => nodes.map((node) => node.reloadCount);
  const asked = (): number[] => nodes.map((node) => node.eventsOf('reload-queued').length);
  const commands = (): string[] =>
    heard.flatMap(({ channel, message }) => {
      if (channel !== NOTIFICATION_CHANNEL) return ['event'];
      const verdict = verifyNotification(message, api.config.nodeSecret);
      return [verdict.ok ? verdict.command : verdict.reason];
    });
  /** What asks no node for a reload: keys, clients and sessions of organisations have messages of their own. */
  const isOwnMessage = (command: string): boolean => command === 'KeySpaceUpdateNotification';

  /** What nobody is served is published before this change is, if at all; so what is heard up to its end is everything. */
  const oneThatIsSeen = async (): Promise<void> => {
    const apiId = textOf(expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() })).json['ID']);
    for (const node of nodes) await node.waitFor(({ loadedApis }) => loadedApis.has(apiId));
  };

  /** Asks each node for one reload and waits for its end: whatever it had to load before it has loaded then. */
  const settled = async (): Promise<void> => {
    const asking = nodes.map(({ url }) =>
      fetch(`${url}/tyk/reload/?block=true`, { headers: { 'x-tyk-authorization': 'g' } }),
    );
    for (const { status } of await Promise.all(asking)) expect(status).toBe(200);
  };

  it('that no node can see cost no reload, and one that they see costs each of them one', async () => {
    const definition = anApiDefinition({ name: unique('api') });
    const id = textOf(expectOk(await client.post('/api/apis', { api_definition: definition })).json['ID']);
    const policy = aPolicy([id]);
    const policyId = textOf(expectOk(await client.post('/api/portal/policies', policy)).json['Message']);
    const hookId = await addHook(organisation);
    const hooked = { hook_references: [{ event_name: 'QuotaExceeded', hook: { id: hookId } }] };
    expectOk(await client.post('/api/apis', { api_definition: anApiDefinition(), ...hooked }));
    const oasId = textOf(expectOk(await client.post('/api/apis/oas', anOasApi())).json['ID']);
    const hook = expectOk(await client.get(`/api/hooks/${hookId}`)).json;
    const user = await api.user(organisation.id, { apis: 'read' });
    const oauth = anApiDefinition({ use_keyless: false, use_oauth2: true });
    const oauthApiId = textOf(expectOk(await client.post('/api/apis', { api_definition: oauth })).json['ID']);
    await oneThatIsSeen();
    await settled();
    const before = { reloads: reloads(), asked: asked(), heard: heard.splice(0) };
    expect(before.heard.length).toBeGreaterThan(0);

    const hidden = anApiDefinition({ active: false });
    let hiddenId = '';
    const unseen: readonly (() => Promise<Reply>)[] = [
      async () => {
        const made = await client.post('/api/apis', { api_definition: hidden });
        hiddenId = textOf(made.json['ID']);
        return made;
      },
      () => client.put(`/api/apis/${hiddenId}`, { api_definition: { ...hidden, api_id: hiddenId, name: 'hidden' } }),
      () => client.put(`/api/apis/${hiddenId}/categories`, { categories: ['hidden'] }),
      () => client.post(`/api/apis/${hiddenId}/rollback`, { revision: 1 }),
      () => client.delete(`/api/apis/${hiddenId}`),
      () => client.post(`/api/apis/${hiddenId}/restore`),
      () => client.put(`/api/apis/${id}/access`, { userIds: [user.id], userGroupIds: [] }),
      // A classic API carries its categories in its name, which gateways are served.
      () => client.put(`/api/apis/${oasId}/categories`, { categories: ['seen', 'by', 'people'] }),
      () => client.put(`/api/apis/${id}`, { api_definition: { ...definition, api_id: id } }),
      () => client.post('/api/apis/validate', { api_definition: anApiDefinition() }),
      () => client.post('/api/portal/policies', aPolicy([id], { active: false })),
      () => client.put(`/api/portal/policies/${policyId}`, policy),
      () => client.post('/api/hooks', aHook()),
      () => client.put(`/api/hooks/${hookId}`, { ...hook, description: 'what it is for' }),
      () => client.post(`/api/hooks/${hookId}/rollback`, { revision: 1 }),
      async () => {
        const path = `/admin/organisations/${organisation.id}`;
        const { json } = await api.admin.get(path);
        return api.admin.put(path, { ...json, settings: { allow_duplicate_slugs: true } });
      },
      () => api.admin.post('/admin/organisations', { owner_name: unique('org') }),
      async () => {
        const { client: another } = await api.user(organisation.id, { apis: 'write' });
        return another.get('/api/apis');
      },
      async () => client.post('/api/import', expectOk(await client.get('/api/export')).json),
      () => {
        const planned = anApiDefinition({ id: newObjectId().toString() });
        return client.post('/api/import?dryRun=true', { apis: [{ api_definition: planned }] });
      },
    ];
    const beside = await unseenOf({ api, organisation, policyId, oauthApiId, userId: user.id });
    for (const change of [...unseen, ...beside]) {
      const { status, text } = await change();
      if (status !== 200 && status !== 201) throw new Error(`Expected success, got ${status}: ${text}`);
    }

    await oneThatIsSeen();
    await settled();
    const [own, others] = [commands().filter(isOwnMessage), commands().filter((command) => !isOwnMessage(command))];
    expect(others.sort()).toEqual(['ApiAdded', 'event']);
    expect(own.length).toBeGreaterThan(0);
    // One for the change that is seen, and one that was asked for here.
    expect(asked()).toEqual(before.asked.map((count) => count + 2));
    expect(reloads()).toEqual(before.reloads.map((count) => count + 2));
  });
});
