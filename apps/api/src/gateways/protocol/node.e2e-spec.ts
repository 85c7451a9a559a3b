import { gunzipSync } from 'node:zlib';
import { ChangeRecorder, newObjectId, PolicyStore, toOrganisationId, type ChangeContext } from '@castellan/persistence';
import { anApiDefinition, aPolicy, eventually, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { callNodePlane, RawNode } from '../../../../../test/support/raw-node';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

/** A node's own calls, and with which method each is made (docs/tyk/nodes.md#calls). */
const ownCalls = [
  ['GET', '/register/ping'],
  ['GET', '/system/policies'],
  ['GET', '/system/apis'],
  ['GET', '/system/clientidps'],
  ['DELETE', '/system/node'],
  ['GET', '/system/node'],
  ['POST', '/system/key/quota_trigger'],
] as const;

describe('the node plane', () => {
  let api: ApiUnderTest;
  let replica: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    const { mongodbUri, adminSecret, nodeSecret } = api.config;
    replica = await ApiUnderTest.start({
      DATABASE: new URL(mongodbUri).pathname.slice(1),
      ADMIN_SECRET: adminSecret,
      NODE_SECRET: nodeSecret,
    });
    organisation = await api.organisation();
  });
  afterAll(async () => {
    await replica.stop();
    await api.stop();
  });

  const register = (): Promise<RawNode> => RawNode.register(api.url, api.config.nodeSecret, unique('host'));
  const create = async (definition = anApiDefinition()): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };

  const shownToOperator = async ({ id }: { readonly id: string }): Promise<JsonReply | undefined> => {
    const { json } = expectOk(await api.admin.get('/admin/system/nodes'));
    return listOf(json['data']?.['nodes']).find((node) => textOf(node['id']) === id);
  };
  const mismatches = async (mismatch: string): Promise<number> => {
    const { text } = await api.anonymous.get('/metrics');
    const counted = text.matchAll(
      new RegExp(`^castellan_node_mismatches_total\\{[^}]*mismatch="${mismatch}"[^}]*\\} (\\d+)$`, 'gm'),
    );
    return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  /** As the organisation plane does it, without its routes. */
  const storePolicy = async (active: boolean, fields: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const _id = newObjectId();
    const id = _id.toString();
    const context: ChangeContext = {
      organisation: toOrganisationId(organisation.id),
      actor: { kind: 'admin', id: '', name: 'admin' },
      action: 'Test',
      request: { id: unique('request'), method: 'POST', path: '/test', ip: '127.0.0.1' },
      reason: '',
    };
    const document = JSON.stringify({ _id: id, org_id: organisation.id, ...aPolicy([], { active, ...fields }) });
    await api.app.get(ChangeRecorder).commit(context, (transaction) =>
      api.app.get(PolicyStore).insert(transaction, {
        _id,
        document,
        policyId: id,
        name: 'a policy',
        active,
        apiIds: [],
        tags: [],
        userOwners: [],
        groupOwners: [],
      }),
    );
    return id;
  };

  describe('registration', () => {
    it('answers exactly what every generation of gateways can read', async () => {
      const reply = await callNodePlane(api.url, 'GET', '/register/node', {
        secret: api.config.nodeSecret,
        hostname: 'gateway-1',
      });
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toMatch(/^application\/json/);
      expect(reply.text).toMatch(
        /^{"Status":"OK","Message":{"NodeID":"solo-[0-9a-f-]{36}"},"Nonce":"[A-Za-z0-9+/]+=*"}$/,
      );
    });

    it('gives each node an id and a nonce of its own', async () => {
      const nodes = await Promise.all(Array.from({ length: 20 }, register));
      expect(new Set(nodes.map(({ id }) => id)).size).toBe(20);
      expect(new Set(nodes.flatMap(({ nonces }) => nonces)).size).toBe(20);
    });

    it('is shown to the operator with the name of the host, and to users of an organisation without', async () => {
      await create();
      const node = await RawNode.register(api.url, api.config.nodeSecret, 'gateway-seen');
      const seen = { id: node.id, state: 'behind', in_sync: false, advice: null };
      expect(await shownToOperator(node)).toMatchObject({ ...seen, hostname: 'gateway-seen', address: '127.0.0.1' });
      const { json, text } = expectOk(await organisation.admin.client.get('/api/system/nodes'));
      const nodes = listOf(json['data']?.['nodes']);
      expect(nodes.find((each) => textOf(each['id']) === node.id)).toMatchObject({
        ...seen,
        hostname: '',
        address: '',
      });
      expect(text).not.toMatch(/gateway-seen|127\.0\.0\.1/);
    });

    it('is nobody’s but the operator’s to see with its place', async () => {
      expect((await api.anonymous.get('/admin/system/nodes')).status).toBe(401);
      expect((await organisation.admin.client.get('/admin/system/nodes')).status).toBe(401);
      const without = await api.user(organisation.id, { apis: 'write' });
      expect((await without.client.get('/api/system/nodes')).status).toBe(403);
    });
  });

  describe('every call of a node', () => {
    it.each(ownCalls)('%s %s is answered with OK and a new nonce', async (method, path) => {
      const node = await register();
      const reply = await node.call(method, path);
      expect(reply.status).toBe(200);
      expect(reply.text).toMatch(/^{"Status":"OK","Message":[{[]/);
      expect(reply.text).toMatch(/,"Nonce":"[^"]+"}$/);
      expect(new Set(node.nonces).size).toBe(2);
    });

    it.each([
      ['GET', '/register/ping'],
      ['DELETE', '/system/node'],
      ['GET', '/system/node'],
      ['POST', '/system/key/quota_trigger'],
    ] as const)('%s %s has an object for its Message, which gateways up to 5.12 insist on', async (method, path) => {
      const node = await register();
      const { message } = await node.call(method, path);
      expect(message).toEqual({});
    });

    it.each(ownCalls)('%s %s needs the node secret', async (method, path) => {
      const node = await register();
      for (const secret of ['wrong', '', organisation.admin.accessKey, api.config.adminSecret]) {
        const reply = await node.call(method, path, { secret });
        expect(reply.status).toBe(401);
        // Words that would make a gateway register again in vain.
        expect(reply.text).not.toMatch(/nonce|No node ID Found/i);
      }
      expect((await node.ping()).status).toBe(200);
    });

    it.each(ownCalls)('%s %s is answered whatever nonce the node shows', async (method, path) => {
      const other = await register();
      const before = await mismatches('nonce');
      const shown = ['wrong', '', other.nonces[0] ?? ''];
      for (const nonce of shown) {
        const node = await register();
        expect((await node.call(method, path, { nonce })).text).toMatch(/^{"Status":"OK",.*,"Nonce":"[^"]+"}$/s);
      }
      // A node that leaves is not asked which one it is.
      expect(await mismatches('nonce')).toBe(before + (path === '/system/node' ? 0 : shown.length));
    });

    it.each(ownCalls)('%s %s is answered though nobody knows the node', async (method, path) => {
      const node = await register();
      for (const id of [unique('another-dashboards'), '', 'x'.repeat(500)]) {
        expect((await node.call(method, path, { id })).text).toMatch(/^{"Status":"OK",.*,"Nonce":"[^"]+"}$/s);
      }
    });

    it('makes a node known that nobody knew, by what it sends', async () => {
      const id = unique('another-dashboards');
      const before = await mismatches('unknown');
      const shown = { id, secret: api.config.nodeSecret, nonce: 'from before' };
      const fetched = await callNodePlane(api.url, 'GET', '/system/apis', shown);
      expect(await shownToOperator({ id })).toMatchObject({ hostname: '', address: '127.0.0.1' });
      const ping = { ...shown, nonce: fetched.nonce, hostname: 'moved-here' };
      expect((await callNodePlane(api.url, 'GET', '/register/ping', ping)).status).toBe(200);
      expect(await shownToOperator({ id })).toMatchObject({ hostname: 'moved-here' });
      expect(await mismatches('unknown')).toBe(before + 1);
    });
  });

  describe('nonces', () => {
    it('stay good for 16 further ones, because heartbeat and fetches of a gateway race', async () => {
      const node = await register();
      for (let count = 0; count < 15; count += 1) expect((await node.ping()).status).toBe(200);
      const oldest = node.nonces[0] ?? '';
      expect((await node.ping({ nonce: oldest })).status).toBe(200);
      // That was the 16th call: the first nonce has left the window with it, and is answered and counted.
      const before = await mismatches('nonce');
      expect((await node.ping({ nonce: oldest })).status).toBe(200);
      expect(await mismatches('nonce')).toBe(before + 1);
    });

    it('are all good that concurrent calls have just received', async () => {
      const node = await register();
      const [first = ''] = node.nonces;
      const replies = await Promise.all(Array.from({ length: 12 }, () => node.ping({ nonce: first })));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
      for (const { nonce } of replies.slice(0, 4)) expect((await node.ping({ nonce })).status).toBe(200);
    });

    it('are shared by the replicas, so that either may answer', async () => {
      const node = await register();
      const urls = [api.url, replica.url];
      for (let count = 0; count < 60; count += 1) {
        const shown = { id: node.id, secret: api.config.nodeSecret, nonce: node.nonces.at(-1) ?? '' };
        const path = count % 3 === 0 ? '/system/apis' : '/register/ping';
        const reply = await callNodePlane(urls[count % 2] ?? '', 'GET', path, shown);
        expect(reply.status).toBe(200);
        node.nonces.push(reply.nonce);
      }
    });

    it('are worth nothing once the node has left, by either method: it stays gone', async () => {
      for (const method of ['DELETE', 'GET']) {
        const node = await register();
        expect((await node.call(method, '/system/node')).status).toBe(200);
        const late = await node.ping();
        expect([late.status, late.text]).toEqual([403, expect.stringContaining('"Message":"No node ID Found"')]);
        // Served, as everybody with the node secret, and not taken for back.
        expect((await node.get('/system/apis')).status).toBe(200);
        expect((await node.ping()).status).toBe(403);
        expect(await shownToOperator(node)).toBeUndefined();
      }
    });
  });

  describe('with strict nonces', () => {
    let strict: ApiUnderTest;

    beforeAll(async () => {
      const { mongodbUri, adminSecret, nodeSecret } = api.config;
      strict = await ApiUnderTest.start({
        DATABASE: new URL(mongodbUri).pathname.slice(1),
        ADMIN_SECRET: adminSecret,
        NODE_SECRET: nodeSecret,
        NODE_NONCES: 'strict',
      });
    });
    afterAll(() => strict.stop());

    const strangers = [
      ['a wrong nonce', { nonce: 'wrong' }],
      ['no nonce', { nonce: '' }],
      ['an unknown id', { id: 'solo-unknown' }],
      ['no id', { id: '' }],
    ] as const;

    it.each(strangers)('a ping with %s is told to register', async (_what, shown) => {
      const node = await RawNode.register(strict.url, strict.config.nodeSecret);
      const { status, text } = await node.ping(shown);
      expect(status).toBe(403);
      expect(text).toMatch(/^{"Status":"Error","Message":"(Nonce failed|No node ID Found)","Meta":null,/);
      // Nothing is spent by it.
      expect((await node.ping()).status).toBe(200);
    });

    it.each(ownCalls.filter(([, path]) => path !== '/register/ping'))(
      '%s %s refuses strangers in words that start no recovery',
      async (method, path) => {
        const node = await RawNode.register(strict.url, strict.config.nodeSecret);
        for (const [, shown] of strangers) {
          const { status, text } = await node.call(method, path, shown);
          expect(status).toBe(403);
          expect(text).not.toMatch(/nonce|No node ID Found/i);
        }
        expect((await node.call(method, path)).status).toBe(200);
      },
    );

    it('learns nobody', async () => {
      const id = unique('another-dashboards');
      await callNodePlane(strict.url, 'GET', '/register/ping', { id, secret: strict.config.nodeSecret, nonce: '' });
      expect(await shownToOperator({ id })).toBeUndefined();
    });
  });

  describe('the lists', () => {
    it('hold active APIs as gateways read them, and no inactive one', async () => {
      const active = await create(anApiDefinition({ 'x.$unknown': { '': {} } }));
      const inactive = await create(anApiDefinition({ active: false }));
      const { message, text } = await (await register()).get('/system/apis');
      const read = { id: active.id, api_id: active.apiId, org_id: organisation.id, active: true };
      const definition: unknown = expect.objectContaining({ ...read, 'x.$unknown': { '': {} } });
      expect(message).toContainEqual({ api_definition: definition, oas: null });
      expect(text).not.toContain(inactive.apiId);
    });

    it('hold a policy that grants nothing to nobody when there is none: gateways up to 5.2 ignore an empty list', async () => {
      const empty = await ApiUnderTest.start();
      try {
        const node = await RawNode.register(empty.url, empty.config.nodeSecret);
        const { message } = await node.get('/system/policies');
        expect(message).toEqual([expect.objectContaining({ org_id: '', is_inactive: true, access_rights: {} })]);
        expect((await node.get('/system/apis')).message).toEqual([]);
      } finally {
        await empty.stop();
      }
    });

    it('hold a policy that is denied as inactive, which is what gateways understand', async () => {
      const denied = await storePolicy(true, { state: 'deny' });
      const drafted = await storePolicy(true, { state: 'draft' });
      const { message } = await (await register()).get('/system/policies');
      expect(message).toContainEqual(expect.objectContaining({ _id: denied, state: 'deny', is_inactive: true }));
      expect(message).not.toContainEqual(expect.objectContaining({ _id: drafted, is_inactive: true }));
    });

    it('hold active policies, and no inactive one', async () => {
      const [active, inactive] = [await storePolicy(true), await storePolicy(false)];
      const { message, text } = await (await register()).get('/system/policies');
      expect(message).toContainEqual(expect.objectContaining({ _id: active, org_id: organisation.id }));
      expect(text).not.toContain(inactive);
    });

    it('follow each change at once, on every replica', async () => {
      const node = await register();
      const served = async (): Promise<string[]> => {
        const texts = [];
        for (const { url } of [api, replica]) {
          const shown = { id: node.id, secret: api.config.nodeSecret, nonce: node.nonces.at(-1) ?? '' };
          const reply = await callNodePlane(url, 'GET', '/system/apis', shown);
          node.nonces.push(reply.nonce);
          texts.push(reply.text);
        }
        return texts;
      };
      const { id, apiId } = await create();
      for (const text of await served()) expect(text).toContain(apiId);
      const marker = unique('changed');
      const changed = anApiDefinition({ api_id: apiId, marker });
      expectOk(await organisation.admin.client.put(`/api/apis/${id}`, { api_definition: changed }));
      for (const text of await served()) expect(text).toContain(marker);
      expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      for (const text of await served()) expect(text).not.toContain(apiId);
    });

    it('come as a gzip body of two members whose second one carries the nonce', async () => {
      const { apiId } = await create();
      const node = await register();
      const plain = await node.get('/system/apis');
      const zipped = await node.get('/system/apis', { gzip: true });
      expect([plain.headers['content-encoding'], zipped.headers['content-encoding']]).toEqual([undefined, 'gzip']);
      expect(zipped.message).toEqual(plain.message);
      expect(zipped.text).toContain(apiId);
      const second = zipped.bytes.lastIndexOf(Buffer.from([0x1f, 0x8b, 0x08]));
      expect(second).toBeGreaterThan(0);
      expect(gunzipSync(zipped.bytes.subarray(second)).toString()).toBe(`,"Nonce":"${zipped.nonce}"}`);
      expect((await node.ping({ nonce: zipped.nonce })).status).toBe(200);
    });

    it('are what the state of the node is measured by (promise 5)', async () => {
      const node = await register();
      const stateOf = async (): Promise<unknown> => {
        const { json } = await api.admin.get('/admin/system/nodes');
        const nodes: unknown = json['data']?.['nodes'];
        return Array.isArray(nodes) ? nodes.find((each: { id: string }) => each.id === node.id) : undefined;
      };
      await node.get('/system/apis');
      expect(await stateOf()).toMatchObject({ state: 'behind', in_sync: false });
      await node.get('/system/policies');
      await eventually(async () => {
        expect(await stateOf()).toMatchObject({ state: 'in_sync', in_sync: true });
        return true;
      });
      const { json } = await organisation.admin.client.get('/api/system/nodes');
      expect(await stateOf()).toMatchObject({ served: json['data']?.['expected'] });
      await create();
      expect(await stateOf()).toMatchObject({ state: 'behind', in_sync: false });
    });
  });

  describe('what gateways report of keys', () => {
    it('is taken, and answered with a nonce', async () => {
      const node = await register();
      const about = { message: 'Monitor Triggered', originating_request: '', org_id: organisation.id, key: 'hash' };
      const trigger = { ...about, trigger_limit: 80, usage_percentage: 81.5 };
      const reply = await node.call('POST', '/system/key/quota_trigger', { body: JSON.stringify(trigger) });
      expect([reply.status, reply.message]).toEqual([200, {}]);
      expect((await node.ping()).status).toBe(200);
    });
  });

  it('lets no credential of another plane in, nor its own elsewhere', async () => {
    expect((await api.admin.get('/register/node')).status).toBe(401);
    expect((await organisation.admin.client.get('/register/node')).status).toBe(401);
    expect((await api.node.get('/api/apis')).status).toBe(401);
  });
});
