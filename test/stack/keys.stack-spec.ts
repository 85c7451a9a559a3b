import { Redis } from 'ioredis';
import { eventually, textOf, type HttpClient, freePort } from '@castellan/testing';
import { FaultProxy } from '../support/fault-proxy';
import { AppProcess } from './support/app-process';
import { KeyStoreChanges } from './support/key-store-changes';
import { Services } from './support/services';
import { okay } from './support/tenant';

const secrets = { admin: 'admin-secret-of-the-test', node: 'node-secret-of-the-test' };

/** Writes of what nodes find in Redis: sessions, certificates, OAuth clients. */
const writesOfNodes = /apikey-[^]*KeySpaceUpdate|cert-[^]*(?:raw-|index)|oauth-clientid|oauth-clientset/;
/** Commands of a transaction, by the field that each of them has. */
const inTransaction = (sent: string): boolean => sent.includes('txnNumber');

describe('a process that dies in the middle of changes of keys, certificates and OAuth clients', () => {
  let services: Services;
  let toRedis: FaultProxy;
  let toMongo: FaultProxy;
  let api: AppProcess;
  let redis: Redis;
  let client: HttpClient;
  let changes: KeyStoreChanges;

  beforeAll(async () => {
    services = await Services.start();
    toRedis = await FaultProxy.before(services.redisUrl, (sent) => writesOfNodes.test(sent));
    toMongo = await FaultProxy.before(services.mongodbUri, inTransaction);
    const mongodbUri = new URL(services.mongodbUri);
    mongodbUri.host = new URL(toMongo.url).host;
    const port = await freePort();
    api = new AppProcess('api', `http://127.0.0.1:${port}`, {
      CASTELLAN_MONGODB_URI: mongodbUri.href,
      CASTELLAN_REDIS_URL: services.redisUrl,
      CASTELLAN_KEYS_REDIS_URL: toRedis.url,
      CASTELLAN_KEY_SETTLE_MS: '300',
      CASTELLAN_CERTIFICATE_SETTLE_MS: '0',
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
    changes = await KeyStoreChanges.of(client, redis, organisation);
  });

  afterAll(async () => {
    redis.disconnect();
    await api.end('SIGKILL');
    await toRedis.close();
    await toMongo.close();
    await services.end();
  });

  const settled = (): Promise<boolean> =>
    eventually(
      async () => {
        const { text } = await api.client.get('/metrics');
        return ['castellan_key_writes_unsettled', 'castellan_key_store_chores'].every((name) =>
          new RegExp(`^${name}\\{[^}]*\\} 0$`, 'm').test(text),
        );
      },
      { intervalMs: 100, describe: 'everything to have reached Redis' },
    );

  // Eight changes at once. Of Redis, a change of a key is two writes, of a certificate two, of a client four or five; of MongoDB,
  // each is a transaction of about ten commands, of which the last one commits.
  it.each([
    ['Redis', 0],
    ['Redis', 3],
    ['Redis', 9],
    ['MongoDB', 1],
    ['MongoDB', 20],
    ['MongoDB', 50],
  ])(
    'leaves each as it was or as it was asked for, when it dies before %s has got write %d',
    async (server, writes) => {
      const asked = await changes.some();
      await settled();
      const reached = (server === 'Redis' ? toRedis : toMongo).stopAfter(writes);
      const requests = Promise.allSettled(asked.map(({ ask }) => ask()));
      await reached;
      await api.end('SIGKILL');
      for (const proxy of [toRedis, toMongo]) proxy.mend();
      const acknowledged = (await requests).map((one) => one.status === 'fulfilled' && one.value.status === 200);
      await services.endTransactions();
      await api.start();
      await settled();
      for (const [at, { name, outcome }] of asked.entries()) {
        const found = await outcome();
        expect([name, found]).toEqual([name, acknowledged[at] === true ? 'new' : expect.stringMatching(/^(old|new)$/)]);
      }
    },
  );

  it('answers reads from the index while the Redis of the nodes is away, and refuses writes', async () => {
    const { id } = await changes.key();
    await services.stop('redis', 'SIGKILL');
    const read = okay(await client.get(`/api/keys/${id}`));
    expect(read.json['counters']).toBeNull();
    expect(JSON.stringify(read.json['explanation'])).toContain('live counters are missing');
    expect((await changes.indexed('old')).length).toBeGreaterThan(0);
    const refused = await client.put(`/api/keys/${id}`, { alias: 'x' });
    expect([refused.status, refused.json['Message']]).toEqual([
      503,
      'The Redis of the nodes is out of reach, try again',
    ]);
    await services.resume('redis');
    await eventually(async () => (await client.put(`/api/keys/${id}`, { alias: 'x' })).status === 200);
  });
});
