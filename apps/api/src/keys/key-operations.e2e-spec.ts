import { createServer, type Server } from 'node:http';
import { Redis } from 'ioredis';
import { KeyIndex } from '@castellan/persistence';
import { eventually, listOf, makeCertificate, numberOf, textOf, unique, type Reply } from '@castellan/testing';
import { hashKey, hashText, readSession, sessionName, type Session } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addCertificate } from '../../test/certificate-forms';
import { addApi, type Json } from '../../test/configuration';
import { KeyScanner } from './key-scanner';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let apiId: string;
let redis: Redis;
let receiver: Server;
const received: Json[] = [];
let refusals = 1;

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '100', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  other = await api.organisation();
  apiId = await addApi(organisation);
  redis = new Redis(api.config.redisUrl);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      // The first one is refused, and comes again.
      refusals -= 1;
      if (refusals < 0) received.push(JSON.parse(body) as Json);
      response.writeHead(refusals < 0 ? 204 : 500).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
  receiver.close();
});

const rights = (): Json => ({ [apiId]: { api_id: apiId, api_name: 'Test', versions: ['Default'] } });
const create = async (fields: Json = {}, path = '/api/keys'): Promise<{ token: string; hash: string }> => {
  const { json } = expectOk(await organisation.admin.client.post(path, { access_rights: rights(), ...fields }));
  return { token: textOf(json['key_id']), hash: textOf(json['key_hash']) };
};
const stored = async (hash: string): Promise<Session | undefined> =>
  readSession((await redis.get(sessionName(hash))) ?? '');
const post = (path: string, body: object = {}): Promise<Reply> => organisation.admin.client.post(path, body);
const settled = (): Promise<boolean> => eventually(async () => (await api.app.get(KeyIndex).unsettled()) === 0);
const results = (reply: Reply): Map<string, string> =>
  new Map(listOf(expectOk(reply).json['results']).map((one) => [textOf(one['key_id']), textOf(one['status'])]));

describe('a key that is validated', () => {
  const keysAndRevisions = async (): Promise<unknown> => [
    expectOk(await organisation.admin.client.get('/api/keys/detailed?p=-1')).json,
    (await redis.keys('apikey-*')).toSorted(),
  ];

  it('says what a new key or a change would be, shows no more than its history, and leaves everything as it was', async () => {
    const { token, hash } = await create({ alias: 'quiet', rate: 5, per: 1 });
    await settled();
    const before = await keysAndRevisions();
    const fresh = expectOk(await post('/api/keys/validate', { access_rights: rights(), alias: 'fresh' }));
    expect(fresh.json).toMatchObject({
      ...{ Status: 'OK', Message: 'Key is valid' },
      Meta: { changes: [{ kind: 'key', operation: 'create', version: 1 }] },
    });
    for (const id of [token, hash]) {
      const change = { rate: 7, per: 1, meta_data: { note: 'not shown' } };
      const { text, json } = expectOk(await post(`/api/keys/validate?id=${id}`, change));
      expect(json['Meta']).toMatchObject({
        changes: [{ kind: 'key', operation: 'update', version: 2 }],
      });
      expect(text).toContain('/rate');
      expect(text).not.toContain('not shown');
    }
    expect(await keysAndRevisions()).toEqual(before);
  });

  it('says what a write would refuse, to whoever may read keys, and knows no key of others', async () => {
    const wrong = await post('/api/keys/validate', { access_rights: { none: { api_id: 'none' } } });
    expect([wrong.status, wrong.json['Code']]).toEqual([400, 'validation_failed']);
    const theirApi = await addApi(other);
    const theirRights = { [theirApi]: { api_id: theirApi, api_name: 'Theirs', versions: ['Default'] } };
    const theirs = expectOk(await other.admin.client.post('/api/keys', { access_rights: theirRights })).json;
    for (const id of ['nobody', textOf(theirs['key_id']), textOf(theirs['key_hash'])]) {
      expect((await post(`/api/keys/validate?id=${id}`, { rate: 7 })).status).toBe(404);
    }
    const reader = await api.user(organisation.id, { keys: 'read' });
    expectOk(await reader.client.post('/api/keys/validate', { access_rights: rights() }));
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.post('/api/keys/validate', {})).status).toBe(403);
    expect((await api.anonymous.post('/api/keys/validate', {})).status).toBe(401);
  });
});

describe('a key that is rotated', () => {
  it('has another token with the same rights and what is left of the quota; the old one ends after its grace', async () => {
    const { token, hash } = await create({ alias: 'mobile', tags: ['a'], quota_max: 5, quota_renewal_rate: 3_600 });
    await redis.set(`quota-${hash}`, '4', 'EX', 1_000);
    const before = Math.floor(Date.now() / 1_000);
    const { json } = expectOk(await post(`/api/keys/${token}/rotate`, { grace: 60 }));
    const fresh = textOf(json['key_hash']);
    expect(hashKey(textOf(json['key_id']))).toBe(fresh);
    expect(await stored(fresh)).toMatchObject({ alias: 'mobile', tags: ['a'], access_rights: { [apiId]: {} } });
    expect(await redis.get(`quota-${fresh}`)).toBe('4');
    expect(await redis.ttl(`quota-${fresh}`)).toBeGreaterThan(900);
    const expires = numberOf((await stored(hash))?.['expires']);
    expect(expires - before).toBeGreaterThanOrEqual(60);
    expect(expires - before).toBeLessThanOrEqual(75);
  });

  it('is gone at once without a grace, and begins anew when that is asked for', async () => {
    const { token, hash } = await create({ quota_max: 5, quota_renewal_rate: 3_600 });
    await redis.set(`quota-${hash}`, '4');
    const { json } = expectOk(await post(`/api/keys/${token}/rotate`, { grace: 0, reset_quota: true }));
    expect(await stored(hash)).toBeUndefined();
    expect(await redis.exists(`quota-${textOf(json['key_hash'])}`)).toBe(0);
  });

  it('is rotated once of two times at the same moment', async () => {
    const { token } = await create({ alias: unique('once') });
    const replies = await Promise.all([1, 2].map(() => post(`/api/keys/${token}/rotate`, { grace: 0 })));
    expect(replies.map(({ status }) => status).sort()).not.toEqual([200, 200]);
    expect(replies.some(({ status }) => status === 200)).toBe(true);
  });

  it('is refused where the token says more than that it is the key’s, and for who may not', async () => {
    const user = unique('ada');
    await create({ basic_auth_data: { password: 'x' } }, `/api/apis/keys/basic/${user}`);
    expect((await post(`/api/keys/${user}/rotate?username=1`)).status).toBe(400);
    const { token } = await create();
    expect((await other.admin.client.post(`/api/keys/${token}/rotate`, {})).status).toBe(404);
    expect((await post(`/api/keys/${token}/rotate`, { grace: -1 })).json['Errors']?.[0]?.['path']).toBe('grace');
  });
});

describe('certificates that keys name', () => {
  const aCertificate = async (): Promise<string> => addCertificate((await makeCertificate()).pem, organisation);
  const bySha256 = (owner: TestOrganisation): string => `${owner.id}${hashText(unique('certificate'), 'sha256')}`;

  it('open one key each, wherever nodes look for it', async () => {
    const certificate = await aCertificate();
    const { hash } = await create({ certificate });
    expect(await stored(hash)).toMatchObject({ certificate });
    expect(await stored(hashKey(certificate))).toMatchObject({ certificate });
    expect((await post('/api/keys', { access_rights: rights(), certificate })).status).toBe(409);
  });

  it.each<[string, (id: string) => Json, string]>([
    ['certificate', (certificate) => ({ certificate }), 'certificate'],
    ['rsa_certificate_id', (id) => ({ rsa_certificate_id: id }), 'rsa_certificate_id'],
    [
      'mtls_static_certificate_bindings',
      (id) => ({ mtls_static_certificate_bindings: [id] }),
      'mtls_static_certificate_bindings[0]',
    ],
  ])('have to be there, and stay while a key names one as %s', async (_field, naming, path) => {
    for (const nobodys of [bySha256(organisation), bySha256(other), '/etc/ssl/certificate.pem']) {
      const refused = await post('/api/keys', { access_rights: rights(), ...naming(nobodys) });
      expect([refused.status, listOf(refused.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    }
    const { hash } = await create();
    const refusal = await organisation.admin.client.put(`/api/keys/${hash}?hashed=1`, naming(bySha256(organisation)));
    expect([refusal.status, listOf(refusal.json['Errors'])[0]?.['path']]).toEqual([400, path]);

    const id = await aCertificate();
    const { hash: using } = await create(naming(id));
    const inUse = await organisation.admin.client.delete(`/api/certs/${id}`);
    expect([inUse.status, inUse.json['Code']]).toEqual([409, 'in_use']);
    expect(listOf(inUse.json['Errors']).map((one) => one['path'])).toEqual([`keys.${using}`]);
    expectOk(await organisation.admin.client.put(`/api/keys/${using}?hashed=1`, { alias: 'still named' }));
    expectOk(await organisation.admin.client.delete(`/api/keys/${using}?hashed=1`));
    expectOk(await organisation.admin.client.delete(`/api/certs/${id}`));
  });

  it('stand in the index when a node, or an older version, has made the key', async () => {
    const id = await aCertificate();
    const hash = hashText(unique('made-elsewhere'), 'sha256');
    const session = { org_id: organisation.id, access_rights: rights(), mtls_static_certificate_bindings: [id] };
    await redis.set(sessionName(hash), JSON.stringify(session));
    await api.app.get(KeyScanner).walk(() => Promise.resolve(true));
    expect((await organisation.admin.client.delete(`/api/certs/${id}`)).status).toBe(409);
  });
});

describe('many keys at once', () => {
  it('are changed after a dry run has said how many there are', async () => {
    const tag = unique('tag');
    const keys = await Promise.all([create({ tags: [tag] }), create({ tags: [tag], alias: 'x' })]);
    const change = { change: { alias: 'x' } };
    const dry = await post(`/api/keys/bulk/update?tag=${tag}&dry_run=true`, change);
    expect(results(dry)).toEqual(
      new Map([
        [keys[0].hash, 'changed'],
        [keys[1].hash, 'unchanged'],
      ]),
    );
    expect((await stored(keys[0].hash))?.['alias']).not.toBe('x');
    expect((await post(`/api/keys/bulk/update?tag=${tag}`, change)).status).toBe(400);
    const miscounted = await post(`/api/keys/bulk/update?tag=${tag}&count=3`, change);
    expect([miscounted.status, miscounted.json['Code'], miscounted.json['Meta']]).toEqual([
      412,
      'version_mismatch',
      { total: 2 },
    ]);
    await redis.set(`quota-${keys[1].hash}`, '4');
    const done = await post(`/api/keys/bulk/update?tag=${tag}&count=2`, { ...change, reset_quota: true });
    expect(done.json['Status']).toBe('OK');
    expect((await stored(keys[0].hash))?.['alias']).toBe('x');
    expect(await redis.get(`quota-${keys[1].hash}`)).toBe('4');
  });

  it('are told one by one when some cannot be changed', async () => {
    const [good, gone] = await Promise.all([create(), create()]);
    await settled();
    await redis.del(sessionName(gone.hash));
    const named = { keys: [good.token, good.hash, gone.hash, 'nobody-has-this-one'] };
    const done = await post('/api/keys/bulk/update', { ...named, change: { rate: 7, per: 1 } });
    expect(results(done)).toEqual(
      new Map([
        ['…-one', 'missing'],
        [gone.hash, 'missing'],
        [good.hash, 'changed'],
      ]),
    );
    expect(done.json['Status']).toBe('Partial');
    expect(done.text).not.toContain(good.token);
    const refused = await post('/api/keys/bulk/update', { keys: [good.hash], change: { access_rights: {} } });
    expect(results(refused)).toEqual(new Map([[good.hash, 'refused']]));
  });

  it('are deleted, and never more than was meant', async () => {
    const tag = unique('tag');
    const { hash } = await create({ tags: [tag] });
    for (const [query, body] of [
      ['', {}],
      ['', { keys: [] }],
      [`?tga=${tag}`, {}],
      ['?tag=', {}],
      [`?tag=${tag}&all=true`, {}],
    ] as const) {
      expect((await post(`/api/keys/bulk/delete${query}`, body)).status).toBe(400);
    }
    expect((await other.admin.client.post('/api/keys/bulk/delete', { keys: [hash] })).json['Status']).toBe('Partial');
    expect(await stored(hash)).toBeDefined();
    expect(results(await post(`/api/keys/bulk/delete?tag=${tag}&count=1`))).toEqual(new Map([[hash, 'deleted']]));
    expect(await stored(hash)).toBeUndefined();
  });
});

describe('keys that move to another installation', () => {
  it('come as they were, for the organisation that takes them', async () => {
    const mover = await api.organisation();
    const id = await addApi(mover);
    const body = { access_rights: { [id]: { versions: ['Default'] } }, alias: 'moved' };
    const made = expectOk(await mover.admin.client.post(`/api/keys/${unique('moved')}`, body)).json;
    const { json } = expectOk(await mover.admin.client.get('/api/keys/export'));
    const exported = listOf(json['keys'])[0] ?? {};
    expect(exported['names']).toEqual([made['key_hash'], expect.any(String)]);
    const names = listOf(exported['names']).map(String);
    expectOk(await mover.admin.client.delete(`/api/keys/${textOf(made['key_hash'])}`));
    await settled();
    const file = { keys: [exported] };
    expect(results(await mover.admin.client.post('/api/keys/import?dry_run=true', file)).get(names[0] ?? '')).toBe(
      'created',
    );
    expect(await redis.exists(sessionName(names[0] ?? ''))).toBe(0);
    expect(results(await mover.admin.client.post('/api/keys/import', file)).get(names[0] ?? '')).toBe('created');
    for (const name of names) expect(await redis.get(sessionName(name))).toBe(exported['session']);
    expect(results(await mover.admin.client.post('/api/keys/import', file)).get(names[0] ?? '')).toBe('unchanged');
  });

  it('are refused one by one when they would open what is not there, or take the place of others', async () => {
    const { hash } = await create();
    const session = JSON.stringify({ org_id: other.id, access_rights: rights() });
    const open = JSON.stringify({ org_id: other.id, access_rights: {} });
    const reply = await other.admin.client.post('/api/keys/import', {
      keys: [
        { names: [hash], session },
        { names: [hashText(unique('a'), 'sha256')], session },
        { names: [hashText(unique('b'), 'sha256')], session: open },
        { names: [hashText(unique('c'), 'sha256')], session: 'nonsense' },
      ],
    });
    expect([...results(reply).values()]).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect((await stored(hash))?.['org_id']).toBe(organisation.id);
    const reader = await api.user(organisation.id, { keys: 'read' });
    expect((await reader.client.get('/api/keys/export')).status).toBe(403);
  });
});

describe('index and Redis', () => {
  it('are compared, and put right where that is asked for', async () => {
    const own = await api.organisation();
    const id = await addApi(own);
    const right = { [id]: { api_id: id, versions: ['Default'] } };
    const { client } = own.admin;
    const make = async (fields: Json): Promise<string> =>
      textOf(expectOk(await client.post('/api/keys', { access_rights: right, ...fields })).json['key_hash']);
    const [missing, expired] = [await make({}), await make({ expires: Math.floor(Date.now() / 1_000) + 1 })];
    const session = { org_id: own.id, access_rights: right, date_created: '2026-11-26T10:00:00.123456789Z' };
    const [key, copy, open, orphan] = ['key', 'copy', 'open', 'orphan'].map((name) => hashText(unique(name), 'sha256'));
    const short = (copy ?? '').slice(0, 8);
    await settled();
    await redis.del(sessionName(missing));
    await redis.mset(
      ...[sessionName(key ?? ''), JSON.stringify(session)],
      ...[sessionName(short), JSON.stringify({ ...session, quota_remaining: 3 })],
      ...[sessionName(open ?? ''), JSON.stringify({ org_id: own.id })],
      ...[sessionName(orphan ?? ''), JSON.stringify({ ...session, org_id: '5e9d9544a1dcd60001d0ed20' })],
    );
    // So many of one moment a program has made, and none is the copy of another.
    const crowd = JSON.stringify({ ...session, date_created: '2026-11-25T10:00:00Z' });
    for (let made = 0; made < 21; made += 1) await redis.set(sessionName(hashText(unique('one'), 'sha256')), crowd);
    await redis.hset(sessionName('0000ffff'), 'no', 'session');
    await api.app.get(KeyScanner).walk(() => Promise.resolve(true));
    const found = (reply: Reply): Map<string, string> =>
      new Map(listOf(expectOk(reply).json['findings']).map((one) => [textOf(one['key_id']), textOf(one['finding'])]));
    const expected = new Map([
      [missing, 'missing'],
      [expired, 'expired'],
      [short, 'copy'],
      [open ?? '', 'opens_everything'],
    ]);
    await eventually(async () => found(await client.get('/api/keys/reconcile?expired_for=0')).size === expected.size);
    const report = await client.get('/api/keys/reconcile?expired_for=0');
    expect(found(report)).toEqual(expected);
    expect(report.json['scan']).toMatchObject({ orphans: 1, unreadable: 1 });
    expect(found(await other.admin.client.get('/api/keys/reconcile?expired_for=0')).size).toBe(0);

    await redis.mset(`quota-${expired}`, '4', `rate-limit-${id}-${expired}`, '1');
    const all = { repair: ['missing', 'expired', 'copy', 'opens_everything'] };
    expectOk(await client.post('/api/keys/reconcile?expired_for=0', all));
    await settled();
    expect(found(await client.get('/api/keys/reconcile?expired_for=0'))).toEqual(new Map());
    for (const hash of [expired, open ?? '']) expect(await redis.exists(sessionName(hash))).toBe(0);
    expect(await redis.exists(`quota-${expired}`, `rate-limit-${id}-${expired}`)).toBe(0);
    // From here on the copy changes with its key.
    expectOk(await client.put(`/api/keys/${key ?? ''}?hashed=1`, { alias: 'both' }));
    expect(await stored(short)).toMatchObject({ alias: 'both' });
    expect((await client.post('/api/keys/reconcile', { repair: ['nothing'] })).status).toBe(400);

    expect(listOf((await api.admin.get('/admin/keys/reconcile')).json['orphans'])).toHaveLength(1);
    expectOk(await api.admin.post('/admin/keys/reconcile', {}));
    expect(await redis.exists(sessionName(orphan ?? ''))).toBe(0);
  });

  it('lose the keys of an organisation together with it', async () => {
    const own = await api.organisation();
    const id = await addApi(own);
    const body = { access_rights: { [id]: { versions: ['Default'] } } };
    const hash = textOf(expectOk(await own.admin.client.post('/api/keys', body)).json['key_hash']);
    expectOk(await api.remove(own.id));
    await eventually(async () => (await redis.exists(sessionName(hash))) === 0);
  });

  it('keep the keys of an API that is deleted, which open nothing then', async () => {
    const id = await addApi(organisation);
    const { hash } = await create({ access_rights: { [id]: { api_id: id, versions: ['Default'] } } });
    expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
    expect(Object.keys((await stored(hash))?.['access_rights'] ?? {})).toEqual([id]);
  });
});

describe('changes of keys', () => {
  it('are told to the organisation at the address that it has for them, until it takes them', async () => {
    const address = receiver.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const webhook = `http://127.0.0.1:${port}/keys`;
    const settings = { owner_name: 'Told', event_options: { hashed_key_event: { webhook, redis: true } } };
    const heard: string[] = [];
    const listener = redis.duplicate();
    listener.on('message', (_channel: string, message: string) => heard.push(message));
    await listener.subscribe('key.changed');
    expectOk(await api.admin.put(`/admin/organisations/${organisation.id}`, settings));
    const { token, hash } = await create({ alias: 'told', hmac_enabled: true, jwt_data: { secret: 'shared-secret' } });
    const secret = textOf((await stored(hash))?.['hmac_string']);
    expectOk(await organisation.admin.client.put(`/api/keys/${token}`, { alias: 'told again' }));
    expectOk(await organisation.admin.client.delete(`/api/keys/${token}`));
    await eventually(() => received.length >= 3);
    const events = received.map(({ event }) => textOf(event)).sort();
    expect(events).toEqual(['hashed_key_event.created', 'hashed_key_event.deleted', 'hashed_key_event.updated']);
    await eventually(() => heard.length >= 3);
    listener.disconnect();
    expect(heard.map((one) => listOf([JSON.parse(one)])[0]?.['data']?.['organisation'])).toEqual(
      Array.from({ length: 3 }, () => organisation.id),
    );
    const told = JSON.stringify([received, heard]);
    expect(told).toContain(hash);
    for (const hidden of [token, secret, 'shared-secret']) expect(told).not.toContain(hidden);
    expectOk(await api.admin.put(`/admin/organisations/${organisation.id}`, { owner_name: 'Told', event_options: {} }));
  });
});
