import { createHash } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { eventually, listOf, makeCertificate, NodeSimulator, textOf, unique, type Reply } from '@castellan/testing';
import { decryptKey, keyIsReadable, textWithSecret } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';
import { CertificateKeeper } from './certificate-keeper';
import { CertificateWarnings } from './certificate-warnings';
import { addCertificate, certificateForm, mutualApi, pkcs12, uploadCertificate } from '../../test/certificate-forms';

const secret = 'the-secret-of-the-gateways';
/** What it was before. */
const before = 'the-secret-of-before';
const aDay = 24 * 3600 * 1_000;

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let redis: Redis;

beforeAll(async () => {
  api = await ApiUnderTest.start({
    ...{ CERTIFICATE_SECRET: secret, CERTIFICATE_SECRET_BEFORE: before },
    ...{ CERTIFICATE_SETTLE_MS: '0', RECONCILE_MS: '3600000' },
  });
  organisation = await api.organisation();
  other = await api.organisation();
  redis = new Redis(api.config.redisUrl);
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

const upload = (content: string, owner = organisation): Promise<Reply> => uploadCertificate(content, owner);
const add = (content: string, owner = organisation): Promise<string> => addCertificate(content, owner);
const raw = (id: string): Promise<string | null> => redis.get(`cert-raw-${id}`);
const index = ({ id }: TestOrganisation): Promise<string[]> => redis.lrange(`cert-${id}-index`, 0, -1);

describe('a certificate that is uploaded', () => {
  it('is in Redis under organisation and fingerprint, and in the list of the organisation, once', async () => {
    const { pem } = await makeCertificate({ name: 'client.example', dns: ['client.example'] });
    const reply = expectOk(await upload(pem));
    const id = textOf(reply.json['id']);
    expect(reply.json).toEqual({ id, message: 'Certificate added', status: 'ok' });
    expect(id).toMatch(new RegExp(`^${organisation.id}[0-9a-f]{64}$`));
    expect(await raw(id)).toBe(pem);
    expect((await index(organisation)).filter((entry) => entry === `raw-${id}`)).toHaveLength(1);

    const shown = expectOk(await organisation.admin.client.get(`/api/certs/${id}`));
    expect(shown.json).toMatchObject({
      ...{ id, fingerprint: id.slice(24), has_private: false, is_ca: false, dns_names: ['client.example'] },
      ...{ subject: { CommonName: 'client.example', Organization: null }, state: 'valid', warnings: [] },
    });
    // Without the organisation, and in the other case, it is the same.
    expectOk(await organisation.admin.client.get(`/api/certs/${id.slice(24).toUpperCase()}`));
    const cached = organisation.admin.client.with({ 'if-none-match': '"1"' });
    expect((await cached.get(`/api/certs/${id}`)).status).toBe(304);
  });

  it('has its private key encrypted as nodes read it, and nowhere in clear', async () => {
    const { pem, keyPem } = await makeCertificate();
    const id = await add(`${keyPem}${pem}`);
    const text = (await raw(id)) ?? '';
    expect(text.startsWith(pem)).toBe(true);
    const block = text.slice(pem.length);
    expect(block).toContain('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,');
    expect(decryptKey(block, secret)).not.toBeNull();
    expect(expectOk(await organisation.admin.client.get(`/api/certs/${id}`)).json['has_private']).toBe(true);
    const database = api.app.get<Connection>(getConnectionToken());
    const inside = keyPem.split('\n')[1]?.slice(0, 40) ?? '';
    for (const { name } of await database.listCollections()) {
      expect(JSON.stringify(await database.collection(name).find().toArray())).not.toContain(inside);
    }
  });

  it('may come with its key beside it, as DER, or as PKCS#12, which takes its password', async () => {
    const { pem, keyPem, der } = await makeCertificate();
    const { client } = organisation.admin;
    const both = expectOk(await client.post('/api/certs', certificateForm({ cert: pem, key: keyPem })));
    expect((await raw(textOf(both.json['id'])))?.includes('ENCRYPTED PRIVATE KEY')).toBe(true);
    const again = await client.post('/api/certs', certificateForm({ file: new Uint8Array(der) }));
    expect([again.status, again.json['Code']]).toEqual([409, 'id_conflict']);
    expect(again.json['Message']).toBe(
      `Could not create certificate.Certificate with ${textOf(both.json['id'])} ID already exists.`,
    );

    const file = new Uint8Array(Buffer.from(pkcs12, 'base64'));
    const wrong = await client.post('/api/certs', certificateForm({ file, password: 'wrong' }));
    expect([wrong.status, wrong.json['Errors']?.[0]?.['message']]).toEqual([
      400,
      'cannot be opened: the password is wrong',
    ]);
    const right = expectOk(await client.post('/api/certs', certificateForm({ file, password: 'żółw😀' })));
    expect(await raw(textOf(right.json['id']))).toContain('ENCRYPTED PRIVATE KEY');
  });

  it.each(['application/x-www-form-urlencoded', 'application/octet-stream', 'application/x-pem-file', 'text/plain'])(
    'may be the body itself, of whatever type: %s',
    async (type) => {
      const { pem } = await makeCertificate();
      const headers = { authorization: organisation.admin.accessKey, 'content-type': type };
      const post = (body: string): Promise<Response> =>
        fetch(`${api.url}/api/certs`, { method: 'POST', headers, body });
      const reply = await post(pem);
      expect([reply.status, await reply.json()]).toMatchObject([200, { message: 'Certificate added', status: 'ok' }]);
      const refused = await post('no certificate');
      expect([refused.status, await refused.json()]).toMatchObject([400, { Errors: [{ path: 'body' }] }]);
      expect((await post('')).status).toBe(400);
    },
  );

  it('is validated by all rules of an upload, by those with the right, and nothing of it stays', async () => {
    const { pem, keyPem } = await makeCertificate({ name: 'tried.example' });
    const before = await index(organisation);
    const reader = await api.user(organisation.id, { certs: 'read' });
    const validate = (content: string): Promise<Reply> =>
      reader.client.post('/api/certs/validate', certificateForm({ data: content }));
    const { json, text } = expectOk(await validate(`${pem}${keyPem}`));
    const Meta = { changes: [{ kind: 'certificate', operation: 'create', version: 1 }] };
    expect(json).toMatchObject({ Status: 'OK', Message: 'Certificate is valid', Meta });
    expect(text).not.toContain('PRIVATE KEY');
    expect(await index(organisation)).toEqual(before);
    expect((await validate('no certificate')).json['Errors']?.[0]?.['path']).toBe('data');
    await add(pem);
    const again = await validate(pem);
    expect([again.status, again.json['Code']]).toEqual([409, 'id_conflict']);
    expect((await reader.client.post('/api/certs', certificateForm({ data: pem }))).status).toBe(403);
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.post('/api/certs/validate', certificateForm({ data: pem }))).status).toBe(403);
    expectOk(await reader.client.get('/api/certs'));
    expect((await stranger.client.get('/api/certs')).status).toBe(403);
    expect((await api.anonymous.get('/api/certs')).status).toBe(401);
    expect((await api.anonymous.post('/api/certs/validate', certificateForm({ data: pem }))).status).toBe(401);
  });

  it('is another one in each organisation', async () => {
    const { pem } = await makeCertificate();
    const ours = await add(pem);
    // Nor is anybody told that others have it.
    const tried = await other.admin.client.post('/api/certs/validate', certificateForm({ data: pem }));
    expect([tried.status, tried.text.includes(organisation.id)]).toEqual([200, false]);
    const theirs = await add(pem, other);
    expect(theirs.slice(24)).toBe(ours.slice(24));
    const foreign = await organisation.admin.client.get(`/api/certs/${theirs}`);
    const missing = await organisation.admin.client.get(`/api/certs/${organisation.id}${'0'.repeat(64)}`);
    expect([foreign.status, foreign.json['Message']]).toEqual([404, missing.json['Message']]);
    expect((await organisation.admin.client.delete(`/api/certs/${theirs}`)).status).toBe(404);
  });

  it('is refused, and leaves nothing, when it is none', async () => {
    const before = await index(organisation);
    const ago = (days: number): Date => new Date(Date.now() - days * aDay);
    const expired = await makeCertificate({ notBefore: ago(2), notAfter: ago(1) });
    const ed25519 = await makeCertificate({ key: 'Ed25519' });
    for (const content of ['', 'a video', '@client.pem', expired.pem, `${ed25519.pem}${ed25519.keyPem}`]) {
      const reply = await upload(content);
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, 'data']);
    }
    expect((await organisation.admin.client.post('/api/certs', { a: 1 })).status).toBe(400);
    expect((await upload('x'.repeat(300_000))).status).toBe(413);
    expect(await index(organisation)).toEqual(before);
  });

  it('is in the audit log without its key', async () => {
    const { pem, keyPem } = await makeCertificate({ name: unique('audited') });
    const id = await add(`${pem}${keyPem}`);
    const log = expectOk(await organisation.admin.client.get('/api/audit-logs?action=Create%20Certificate'));
    const [last] = listOf(log.json['audit_logs']);
    expect(JSON.stringify(last)).toContain(id);
    expect(log.text).not.toContain('PRIVATE KEY');
  });
});

describe('certificates', () => {
  it('are listed as ids, with what is to be seen of each, and by whether they have a key', async () => {
    const owner = await api.organisation();
    const { client } = owner.admin;
    expect(expectOk(await client.get('/api/certs')).json).toEqual({ certs: [], pages: 0 });
    const plain = await add((await makeCertificate({ name: 'plain.example' })).pem, owner);
    const made = await makeCertificate();
    const withKey = await add(`${made.pem}${made.keyPem}`, owner);
    expect(expectOk(await client.get('/api/certs?p=-1')).json).toEqual({ certs: [plain, withKey], pages: 1 });
    const detailed = listOf(expectOk(await client.get('/api/certs?mode=detailed')).json['cert_basics']);
    const name = 'plain.example';
    expect(detailed[0]).toMatchObject({ id: plain, subject_cn: name, issuer_cn: name, has_private: false });
    expect(expectOk(await client.get('/api/certs?filter=with_pk')).json['certs']).toEqual([withKey]);
    expect(listOf(expectOk(await client.get('/api/certs/details')).json['certificates'])).toHaveLength(2);
    expect((await client.get('/api/certs?mode=all')).status).toBe(400);
  });

  it('that a node was given are found, and those that Redis lost are brought back', async () => {
    const owner = await api.organisation();
    const { pem, der } = await makeCertificate({ name: 'by-a-node.example' });
    const id = `${owner.id}${createHash('sha256').update(der).digest('hex')}`;
    await redis.set(`cert-raw-${id}`, pem);
    await redis.rpush(`cert-${owner.id}-index`, `raw-${id}`, 'raw-nonsense');
    expect(expectOk(await owner.admin.client.get('/api/certs')).json['certs']).toEqual([id]);
    await redis.del(`cert-raw-${id}`, `cert-${owner.id}-index`);
    await api.app.get(CertificateKeeper).compare();
    expect(await raw(id)).toBe(pem);
    expect(await index(owner)).toEqual([`raw-${id}`]);
  });

  it('whose key was encrypted with the secret of before get it encrypted with the new one, here and in Redis', async () => {
    const owner = await api.organisation();
    const made = await makeCertificate();
    const id = await add(`${made.pem}${made.keyPem}`, owner);
    const text = (await raw(id)) ?? '';
    const old = textWithSecret(text, secret, before) ?? '';
    const foreign = textWithSecret(text, secret, 'a secret that nobody knows') ?? '';
    const database = api.app.get<Connection>(getConnectionToken());
    const store = async (stored: string): Promise<void> => {
      await database.collection('certificates').updateOne({ certificateId: id }, { $set: { text: stored } });
      await redis.set(`cert-raw-${id}`, stored);
    };
    const keeper = api.app.get(CertificateKeeper);
    const { client } = owner.admin;
    await store(foreign);
    await keeper.compare();
    expect(await raw(id)).toBe(foreign);
    // Gateways cannot read it, and those of 3.1 would let every caller in.
    const refused = await client.post('/api/apis', { api_definition: mutualApi([id]) });
    expect([refused.status, refused.json['Errors']?.[0]?.['message']]).toEqual([
      400,
      expect.stringContaining('is encrypted with another secret'),
    ]);
    expect(expectOk(await client.get(`/api/certs/${id}`)).json['warnings']).toEqual([
      expect.stringContaining('encrypted with another secret'),
    ]);
    await store(old);
    await keeper.compare();
    const now = (await raw(id)) ?? '';
    expect([keyIsReadable(now, secret), keyIsReadable(now, before)]).toEqual([true, false]);
    expect(now.startsWith(made.pem)).toBe(true);
    await keeper.compare();
    expect(await raw(id)).toBe(now);
    expect(expectOk(await client.get(`/api/certs/${id}`)).json['warnings']).toEqual([]);
    expectOk(await client.post('/api/apis', { api_definition: mutualApi([id]) }));
  });

  it('that begin later are taken and say so, and those that end in thousands of years say when', async () => {
    const [notBefore, notAfter] = [new Date(Date.now() + aDay), new Date('9999-12-31T23:59:59Z')];
    const id = await add((await makeCertificate({ notBefore, notAfter })).pem);
    const { json } = expectOk(await organisation.admin.client.get(`/api/certs/${id}`));
    expect(json).toMatchObject({ state: 'not yet valid', not_after: '9999-12-31T23:59:59Z' });
  });

  it('that end soon are listed and warned of, each time once', async () => {
    const owner = await api.organisation();
    const { client } = owner.admin;
    const soon = await add((await makeCertificate({ notAfter: new Date(Date.now() + 5.5 * aDay) })).pem, owner);
    await add((await makeCertificate()).pem, owner);
    const expiring = listOf(expectOk(await client.get('/api/certs/expiring')).json['certificates']);
    expect(expiring).toMatchObject([{ id: soon, days_remaining: 5 }]);
    expect(expectOk(await client.get('/api/certs/expiring?days=2')).json['certificates']).toEqual([]);
    const [notice] = listOf(expectOk(await client.get('/api/org/notifications?refresh=true')).json);
    const data = { cert_id: soon, days_remaining: 5 };
    expect(notice).toMatchObject({ topic: 'certificate.expiry', kind: 'critical', data });

    const heard: string[] = [];
    const subscriber = new Redis(api.config.redisUrl);
    subscriber.on('message', (_channel: string, message: string) => heard.push(message));
    await subscriber.subscribe('certificate.expiring');
    const warnings = api.app.get(CertificateWarnings);
    const database = api.app.get<Connection>(getConnectionToken());
    await database.collection('certificates').updateOne({ certificateId: soon }, { $set: { warnedOf: null } });
    await warnings.warn();
    await warnings.warn();
    await eventually(() => heard.length > 0);
    expect(heard.filter((message) => message.includes(soon))).toHaveLength(1);
    subscriber.disconnect();
  });
});

describe('a certificate that is deleted', () => {
  it('goes at once where no gateway is', async () => {
    const id = await add((await makeCertificate()).pem);
    const stale = organisation.admin.client.with({ 'if-match': '"7"' });
    expect((await stale.delete(`/api/certs/${id}`)).status).toBe(412);
    const { json } = expectOk(await organisation.admin.client.delete(`/api/certs/${id}`));
    expect(json).toEqual({ message: 'removed', status: 'ok' });
    expect(await raw(id)).toBeNull();
    expect(await index(organisation)).not.toContain(`raw-${id}`);
    expect((await organisation.admin.client.get(`/api/certs/${id}`)).status).toBe(404);
  });

  it('stays in Redis until every gateway has fetched a configuration without it', async () => {
    const { pem } = await makeCertificate();
    const id = await add(pem);
    const definition = mutualApi([id]);
    const apiId = await addApi(organisation, definition);
    const node = new NodeSimulator({
      ...{ dashboardUrl: api.url, nodeSecret: api.config.nodeSecret, gatewaySecret: 'gateway-secret' },
      ...{ profile: 'v3' as const, startRetryMs: 50, healthCheckMs: 0 },
    });
    await node.start();
    await node.waitFor(() => node.loadedApis.has(apiId));
    const changed = { ...definition, api_id: apiId, client_certificates: [] };
    expectOk(await organisation.admin.client.put(`/api/apis/${apiId}`, { api_definition: changed }));

    const reply = expectOk(await organisation.admin.client.delete(`/api/certs/${id}`));
    expect(reply.json).toMatchObject({ pending: true, reason: expect.stringContaining('1 gateways') as string });
    expect(await raw(id)).toBe(pem);
    expect(expectOk(await organisation.admin.client.get('/api/certs')).json['certs']).not.toContain(id);
    const leaving = expectOk(await organisation.admin.client.get('/api/certs/leaving'));
    expect(listOf(leaving.json['certificates'])).toMatchObject([{ id }]);
    const again = await organisation.admin.client.post('/api/apis', { api_definition: mutualApi([id]) });
    expect(again.status).toBe(400);

    await fetch(`${node.url}/tyk/reload/?block=true`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });
    await eventually(async () => (await raw(id)) === null);
    await node.stop();
    expect(await index(organisation)).not.toContain(`raw-${id}`);
  });

  it('is there again when it is uploaded again meanwhile, and goes with its organisation', async () => {
    const owner = await api.organisation();
    const { pem } = await makeCertificate();
    const id = await add(pem, owner);
    expectOk(await owner.admin.client.delete(`/api/certs/${id}`));
    expect(await add(pem, owner)).toBe(id);
    expect(await raw(id)).toBe(pem);
    expectOk(await api.remove(owner.id));
    await eventually(async () => (await raw(id)) === null && (await index(owner)).length === 0);
  });
});
