import { Redis } from 'ioredis';
import { anApiDefinition, eventually, listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { hashKey, readSession, sessionName } from '@castellan/tyk';
import { FaultProxy } from '../support/fault-proxy';
import { AppProcess, freePort } from './support/app-process';
import { Services } from './support/services';
import { okay } from './support/tenant';

const secrets = { admin: 'admin-secret-of-the-test', node: 'node-secret-of-the-test' };

/** A key with an id of its own lies under two names; a change that is half done has reached one of them. */
interface TestKey {
  readonly id: string;
  readonly names: readonly string[];
}

describe('a process that dies in the middle of changes of keys', () => {
  let services: Services;
  let proxy: FaultProxy;
  let api: AppProcess;
  let redis: Redis;
  let client: HttpClient;
  let apiId: string;

  beforeAll(async () => {
    services = await Services.start();
    proxy = await FaultProxy.before(services.redisUrl, (sent) => /eval/i.test(sent) && sent.includes('apikey-'));
    const port = await freePort();
    api = new AppProcess('api', `http://127.0.0.1:${port}`, {
      CASTELLAN_MONGODB_URI: services.mongodbUri,
      CASTELLAN_REDIS_URL: services.redisUrl,
      CASTELLAN_KEYS_REDIS_URL: proxy.url,
      CASTELLAN_KEY_SETTLE_MS: '300',
      CASTELLAN_API_PORT: String(port),
      CASTELLAN_ADMIN_SECRET: secrets.admin,
      CASTELLAN_NODE_SECRET: secrets.node,
    });
    redis = new Redis(services.redisUrl);
    await api.start();
    const admin = api.client.with({ 'admin-auth': secrets.admin });
    const organisation = textOf(okay(await admin.post('/admin/organisations', { owner_name: 'Acme' })).json['Meta']);
    const user = { org_id: organisation, email_address: 'ada@acme.example' };
    const accessKey = textOf(okay(await admin.post('/admin/users', user)).json['Message']);
    client = api.client.with({ authorization: accessKey });
    apiId = textOf(okay(await client.post('/api/apis', { api_definition: anApiDefinition() })).json['ID']);
  });

  afterAll(async () => {
    redis.disconnect();
    await api.end('SIGKILL');
    await proxy.close();
    await services.end();
  });

  const body = (alias: string): object => ({ alias, access_rights: { [apiId]: { versions: ['Default'] } } });
  const make = async (): Promise<TestKey> => {
    const id = unique('key');
    const { json } = okay(await client.post(`/api/keys/${id}`, body('old')));
    return { id, names: [textOf(json['key_hash']), hashKey(id)] };
  };
  const settled = (): Promise<boolean> =>
    eventually(
      async () => /^castellan_key_writes_unsettled\{[^}]*\} 0$/m.test((await api.client.get('/metrics')).text),
      { describe: 'the keeper to have settled everything' },
    );
  const aliases = async (names: readonly string[]): Promise<unknown[]> =>
    (await redis.mget(names.map(sessionName))).map((text) =>
      text === null ? null : (readSession(text)?.['alias'] ?? ''),
    );
  /** What the index says of keys with this alias. */
  const indexed = async (alias: string): Promise<string[]> =>
    listOf(okay(await client.get(`/api/keys?alias=${alias}&p=-1`)).json['data']?.['keys']).map(String);

  // Three changes of two names each: nothing of them is in Redis yet, or a part, or all but the last.
  it.each([0, 1, 3, 5])('leaves the old state or the new one when it dies after %d writes', async (writes) => {
    const [changed, deleted] = [await make(), await make()];
    const created = unique('key');
    await settled();
    const reached = proxy.stopAfter(writes);
    const requests = Promise.allSettled([
      client.post(`/api/keys/${created}`, body(created)),
      client.put(`/api/keys/${changed.id}`, { alias: `${changed.id}-new` }),
      client.delete(`/api/keys/${deleted.id}`),
    ]);
    await reached;
    await api.end('SIGKILL');
    proxy.mend();
    const replies = await requests;
    const acknowledged = replies.map((reply) => reply.status === 'fulfilled' && reply.value.status === 200);
    await services.endTransactions();
    await api.start();
    await settled();

    const [madeHash] = await indexed(created);
    const made = [...(madeHash === undefined ? [] : [madeHash]), hashKey(created)];
    expect(new Set(await aliases(made))).toEqual(new Set([madeHash === undefined ? null : created]));
    const isNew = (await indexed(`${changed.id}-new`)).length === 1;
    expect(new Set(await aliases(changed.names))).toEqual(new Set([isNew ? `${changed.id}-new` : 'old']));
    const isGone = (await client.get(`/api/keys/${deleted.id}`)).status === 404;
    expect(new Set(await aliases(deleted.names))).toEqual(new Set([isGone ? null : 'old']));
    const done = [madeHash !== undefined, isNew, isGone];
    expect(acknowledged.every((was, at) => !was || done[at] === true)).toBe(true);
  });

  it('answers reads from the index while the Redis of the nodes is away, and refuses writes', async () => {
    const { id } = await make();
    await services.stop('redis', 'SIGKILL');
    const read = okay(await client.get(`/api/keys/${id}`));
    expect(read.json['counters']).toBeNull();
    expect(JSON.stringify(read.json['explanation'])).toContain('live counters are missing');
    expect((await indexed('old')).length).toBeGreaterThan(0);
    const refused = await client.put(`/api/keys/${id}`, { alias: 'x' });
    expect([refused.status, refused.json['Message']]).toEqual([
      503,
      'The Redis of the nodes is out of reach, try again',
    ]);
    await services.resume('redis');
    await eventually(async () => (await client.put(`/api/keys/${id}`, { alias: 'x' })).status === 200);
  });
});
