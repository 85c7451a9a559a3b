import { X509Certificate } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { anApiDefinition, listOf, makeCertificate, textOf } from '@castellan/testing';
import { parseJson } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addCertificate, mutualApi } from '../../test/certificate-forms';
import { addApi, type Json } from '../../test/configuration';
import { CertificateRotation } from './certificate-rotation';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let redis: Redis;

beforeAll(async () => {
  api = await ApiUnderTest.start({
    ...{ CERTIFICATE_SECRET: 'the-secret-of-the-gateways', CERTIFICATE_SETTLE_MS: '0' },
    ...{ RECONCILE_MS: '3600000', KEY_SETTLE_MS: '600000' },
  });
  organisation = await api.organisation();
  other = await api.organisation();
  redis = new Redis(api.config.redisUrl);
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

const raw = (id: string): Promise<string | null> => redis.get(`cert-raw-${id}`);
const add = (content: string, owner = organisation): Promise<string> => addCertificate(content, owner);

describe('an API that names certificates', () => {
  it('is refused when the organisation has none of that id, or one that cannot serve', async () => {
    const theirs = await add((await makeCertificate()).pem, other);
    const plain = await add((await makeCertificate()).pem);
    const cases: [Json, string][] = [
      [mutualApi(['/etc/passwd']), 'client_certificates[0]'],
      // While one of those is missing, gateways of 3.1 let every caller in; null and an empty name are, always.
      [mutualApi(['']), 'client_certificates[0]'],
      [mutualApi([null]), 'client_certificates[0]'],
      [mutualApi([plain, theirs]), 'client_certificates[1]'],
      [mutualApi([plain.toUpperCase()]), 'client_certificates[0]'],
      [anApiDefinition({ certificates: [plain] }), 'certificates[0]'],
      [anApiDefinition({ upstream_certificates: { '*': plain } }), 'upstream_certificates["*"]'],
      [anApiDefinition({ pinned_public_keys: { 'a.example': `${plain},nothing` } }), 'pinned_public_keys["a.example"]'],
    ];
    for (const [definition, path] of cases) {
      const reply = await organisation.admin.client.post('/api/apis', { api_definition: definition });
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, `api_definition.${path}`]);
    }
  });

  it('is refused when a client certificate has a chain, whose end gateways would let in', async () => {
    const ca = await makeCertificate({ name: 'ca.example', isCa: true });
    const leaf = await makeCertificate({ name: 'leaf.example', issuer: ca });
    const id = await add(`${leaf.pem}${ca.pem}${leaf.keyPem}`);
    const reply = await organisation.admin.client.post('/api/apis', { api_definition: mutualApi([id]) });
    expect(reply.json['Errors']?.[0]?.['message']).toContain('has a chain');
    await addApi(organisation, anApiDefinition({ certificates: [id] }));
  });

  it('may name a CA, of which the certificate says whom which gateways let in with it', async () => {
    const id = await add((await makeCertificate({ name: 'ca.example', isCa: true })).pem);
    const { json } = expectOk(await organisation.admin.client.get(`/api/certs/${id}`));
    expect(json).toMatchObject({
      is_ca: true,
      warnings: [expect.stringMatching(/up to 5\.2 admit nobody .* newer ones admit everybody/)],
    });
    const plain = await add((await makeCertificate()).pem);
    const saved = expectOk(
      await organisation.admin.client.post('/api/apis', { api_definition: mutualApi([plain, id]) }),
    );
    const notes = parseJson(saved.headers.get('x-castellan-notes') ?? '');
    expect(notes).toEqual([
      {
        path: 'api_definition.client_certificates[1]',
        message: expect.stringMatching(/^is a CA: .* everybody whose certificate it has signed$/) as unknown,
      },
    ]);
  });

  it('keeps the certificate from being deleted, and is shown as its user', async () => {
    const id = await add((await makeCertificate()).pem);
    const apiId = await addApi(organisation, mutualApi([id], { name: 'Payments' }));
    const { client } = organisation.admin;
    expect(expectOk(await client.get(`/api/certs/${id}/apis`)).json['apis']).toMatchObject([
      { api_id: apiId, name: 'Payments', usage_type: ['client'], tyk_api_type: 'Tyk Classic' },
    ]);
    const access_rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
    const key = textOf(expectOk(await client.post('/api/keys', { certificate: id, access_rights })).json['key_hash']);
    expect(expectOk(await client.get(`/api/certs/dependencies/${id}`)).json).toMatchObject({
      ...{ certID: id, client_cert_apis: [apiId], key_cert: key },
    });
    const refused = await client.delete(`/api/certs/${id}`);
    expect([refused.status, refused.json['Code']]).toEqual([409, 'in_use']);
    expect(listOf(refused.json['Errors']).map(({ path }) => path)).toEqual([`apis.${apiId}`, `keys.${key}`]);
    expect(await raw(id)).not.toBeNull();

    const reader = await api.user(organisation.id, { certs: 'write' });
    expect((await reader.client.delete(`/api/certs/dependencies/${id}`)).status).toBe(403);
    expectOk(await client.delete(`/api/certs/dependencies/${id}`));
    const { json } = expectOk(await client.get(`/api/apis/${apiId}`));
    expect(json['api_definition']?.['client_certificates']).toEqual([]);
    expectOk(await client.delete(`/api/certs/${id}`));
  });
});

describe('a certificate that is rotated', () => {
  it('has its renewal put beside it and then in its place, in APIs and keys, and never neither', async () => {
    const { client } = organisation.admin;
    const [from, to] = [await add((await makeCertificate()).pem), await add((await makeCertificate()).pem)];
    const pinned = { pinned_public_keys: { 'a.example': from } };
    const apiId = await addApi(organisation, mutualApi([from], pinned));
    const access_rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
    const body = { access_rights, alias: 'bound', quota_max: 10, quota_renewal_rate: 3_600 };
    const bound = textOf(expectOk(await client.post('/api/keys', { ...body, certificate: from })).json['key_hash']);
    const listing = { ...body, mtls_static_certificate_bindings: [from] };
    const named = textOf(expectOk(await client.post('/api/keys', listing)).json['key_hash']);
    await redis.set(`quota-${bound}`, '4');
    const of = async (): Promise<unknown> => {
      const { api_definition } = expectOk(await client.get(`/api/apis/${apiId}`)).json;
      const { data } = expectOk(await client.get(`/api/keys/${named}?hashed=true`)).json;
      const lists = [api_definition?.['client_certificates'], data?.['mtls_static_certificate_bindings']];
      return [...lists, api_definition?.['pinned_public_keys']];
    };
    const path = `/api/certs/${from}/rotate`;
    const both = expectOk(await client.post(path, { to })).json;
    expect(both).toMatchObject({ id: to, apis: [apiId], overlaps: true, complete: true });
    const twin = (both['keys'] as unknown as string[]).find((hash) => hash !== named) ?? '';
    expect(await of()).toEqual([[to, from], [to, from], { 'a.example': `${to},${from}` }]);
    for (const hash of [bound, twin]) {
      const { json } = expectOk(await client.get(`/api/keys/${hash}?hashed=true`));
      expect(json['data']).toMatchObject({ alias: 'bound', quota_max: 10, certificate: hash === bound ? from : to });
      expect(await redis.get(`quota-${hash}`)).toBe('4');
    }
    // Once more there is nothing to do.
    expect(expectOk(await client.post(path, { to })).json).toEqual({ ...both, apis: [], keys: [] });
    expect(await of()).toEqual([[to, from], [to, from], { 'a.example': `${to},${from}` }]);

    expect(expectOk(await client.post(path, { to, end: true })).json).toEqual({ ...both, overlaps: false });
    expect(await of()).toEqual([[to], [to], { 'a.example': to }]);
    expect((await client.get(`/api/keys/${bound}?hashed=true`)).status).toBe(404);
    expectOk(await client.get(`/api/keys/${twin}?hashed=true`));
    expectOk(await client.delete(`/api/certs/${from}`));
  });

  it('is not replaced by one that there is not, that does not fit, or by whoever may not change its users', async () => {
    const { client } = organisation.admin;
    const from = await add((await makeCertificate()).pem);
    const apiId = await addApi(organisation, mutualApi([from]));
    const path = `/api/certs/${from}/rotate`;
    const foreign = await add((await makeCertificate()).pem, other);
    for (const to of ['nothing', foreign, from]) {
      const refused = await client.post(path, { to });
      expect([refused.status, refused.json['Errors']?.[0]?.['path']]).toEqual([400, 'to']);
    }
    expect((await client.post(path, { to: 7 })).status).toBe(400);
    expect((await client.post(`/api/certs/${foreign}/rotate`, { to: from })).status).toBe(404);
    const to = await add((await makeCertificate()).pem);
    const [writer, reader] = [
      await api.user(organisation.id, { certs: 'write' }),
      await api.user(organisation.id, { certs: 'read' }),
    ];
    for (const one of [writer, reader]) expect((await one.client.post(path, { to })).status).toBe(403);
    const { json } = expectOk(await client.get(`/api/apis/${apiId}`));
    expect(json['api_definition']?.['client_certificates']).toEqual([from]);
  });

  /** A key that is bound to a certificate. */
  const bind = async (certificate: string, apiId: string, fields: Json = {}): Promise<string> => {
    const body = { access_rights: { [apiId]: { api_id: apiId, versions: ['Default'] } }, certificate, ...fields };
    return textOf(expectOk(await organisation.admin.client.post('/api/keys', body)).json['key_hash']);
  };
  const clientsOf = async (apiId: string): Promise<unknown> =>
    expectOk(await organisation.admin.client.get(`/api/apis/${apiId}`)).json['api_definition']?.['client_certificates'];
  const certificateOf = async (hash: string): Promise<unknown> =>
    expectOk(await organisation.admin.client.get(`/api/keys/${hash}?hashed=true`)).json['data']?.['certificate'];

  it('is named nowhere any more once one call has ended it, also where a key is bound to it and lists it, too', async () => {
    const { client } = organisation.admin;
    for (const overlaps of [false, true]) {
      const [from, to] = [await add((await makeCertificate()).pem), await add((await makeCertificate()).pem)];
      const apiId = await addApi(organisation, mutualApi([from]));
      const [bindings, signature] = ['mtls_static_certificate_bindings', 'rsa_certificate_id'];
      await bind(from, apiId, { [bindings]: [from], [signature]: from });
      const path = `/api/certs/${from}/rotate`;
      if (overlaps) expect(expectOk(await client.post(path, { to })).json).toMatchObject({ complete: true });
      expect(expectOk(await client.post(path, { to, end: true })).json).toMatchObject({ complete: true });
      const { key_cert: twin } = expectOk(await client.get(`/api/certs/dependencies/${to}`)).json;
      const { data } = expectOk(await client.get(`/api/keys/${textOf(twin)}?hashed=true`)).json;
      expect(data).toMatchObject({ certificate: to, [bindings]: [to], [signature]: to });
      expect(await clientsOf(apiId)).toEqual([to]);
      expectOk(await client.delete(`/api/certs/${from}`));
    }
  });

  it('changes nothing at all where its renewal does not fit one of its uses, has expired, or is another key’s', async () => {
    const { client } = organisation.admin;
    const from = await add((await makeCertificate()).pem);
    const apiId = await addApi(organisation, mutualApi([from], { name: 'Payments' }));
    const bound = await bind(from, apiId);
    const ca = await makeCertificate({ isCa: true });
    const leaf = await makeCertificate({ issuer: ca });
    const chained = await add(`${leaf.pem}${ca.pem}${leaf.keyPem}`);
    const { publicKey } = new X509Certificate((await makeCertificate()).pem);
    const bare = await add(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const ended = await add((await makeCertificate()).pem);
    const database = api.app.get<Connection>(getConnectionToken());
    const past = { $set: { notAfter: new Date(Date.now() - 1_000) } };
    await database.collection('certificates').updateOne({ certificateId: ended }, past);
    const path = `/api/certs/${from}/rotate`;
    for (const [to, said] of [
      [chained, 'has a chain'],
      [bare, 'is a public key, not a certificate'],
      [ended, 'has expired'],
      [from.slice(24).toUpperCase(), 'must name another certificate'],
      [`${from}\0`, 'names no certificate'],
      ['.*', 'names no certificate'],
    ] as const) {
      for (const end of [false, true]) {
        const { status, json } = await client.post(path, { to, end });
        const [error] = listOf(json['Errors']);
        expect([status, error?.['path'], error?.['message']]).toEqual([400, 'to', expect.stringContaining(said)]);
      }
    }
    for (const body of [
      { to: [ended] },
      { to: 'x'.repeat(201) },
      { to: ended, end: 'yes' },
      {},
      [],
      { to: ended, all: 1 },
    ])
      expect((await client.post(path, body)).status).toBe(400);

    const elsewhere = await addApi(organisation);
    const taken = await add((await makeCertificate()).pem);
    const stranger = await bind(taken, elsewhere);
    for (const end of [false, true]) {
      const refused = await client.post(path, { to: taken, end });
      expect([refused.status, listOf(refused.json['Errors'])[0]?.['path']]).toEqual([409, `keys.${stranger}`]);
    }
    expect([await clientsOf(apiId), await certificateOf(bound)]).toEqual([[from], from]);
    expect(expectOk(await client.get(`/api/certs/${bare}/apis`)).json['apis']).toEqual([]);
  });

  it('is put in its place once when two ask for it at the same moment, and what one has left the next one does', async () => {
    const { client } = organisation.admin;
    const [from, to] = [await add((await makeCertificate()).pem), await add((await makeCertificate()).pem)];
    const apiId = await addApi(organisation, mutualApi([from]));
    const bound = await bind(from, apiId);
    const path = `/api/certs/${from}/rotate`;
    const replies = await Promise.all([client.post(path, { to }), client.post(path, { to })]);
    for (const { status } of replies) expect([200, 409, 412]).toContain(status);
    expect(expectOk(await client.post(path, { to })).json).toMatchObject({ complete: true });
    expect(await clientsOf(apiId)).toEqual([to, from]);
    const twins = expectOk(await client.get(`/api/certs/dependencies/${to}`)).json;
    expect(await certificateOf(textOf(twins['key_cert']))).toBe(to);
    expect(await certificateOf(bound)).toBe(from);
    const ends = await Promise.all([client.post(path, { to, end: true }), client.post(path, { to, end: true })]);
    for (const { status } of ends) expect([200, 404, 409, 412]).toContain(status);
    expectOk(await client.post(path, { to, end: true }));
    expect(await clientsOf(apiId)).toEqual([to]);
    expectOk(await client.delete(`/api/certs/${from}`));
    expect((await client.post(path, { to })).status).toBe(404);
  });

  it('never leaves an API with one that is deleted at the same moment, whichever of the two that is', async () => {
    const { client } = organisation.admin;
    for (const deletes of ['from', 'to'] as const) {
      const ids = { from: await add((await makeCertificate()).pem), to: await add((await makeCertificate()).pem) };
      const apiId = await addApi(organisation, mutualApi([ids.from]));
      const path = `/api/certs/${ids.from}/rotate`;
      const [rotated, deleted] = await Promise.all([
        client.post(path, { to: ids.to, end: true }),
        client.delete(`/api/certs/${ids[deletes]}`),
      ]);
      expect([200, 400]).toContain(rotated.status);
      expect([200, 409]).toContain(deleted.status);
      for (const id of (await clientsOf(apiId)) as string[]) expectOk(await client.get(`/api/certs/${id}`));
    }
  });

  it('is put in its place in more APIs and keys than one call changes by the calls after it', async () => {
    const { client } = organisation.admin;
    const [from, to] = [await add((await makeCertificate()).pem), await add((await makeCertificate()).pem)];
    const apiId = await addApi(organisation, mutualApi([from, from]));
    const access_rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
    const naming = { access_rights, mtls_static_certificate_bindings: [from] };
    for (let made = 0; made < 3; made += 1) expectOk(await client.post('/api/keys', naming));
    const rotation = api.app.get(CertificateRotation);
    const most = rotation.mostChanged;
    // As many as there are in truth would take a test minutes.
    Reflect.set(rotation, 'mostChanged', 2);
    const path = `/api/certs/${from}/rotate`;
    for (const end of [false, true]) {
      const calls: unknown[] = [];
      const hashes = new Set<unknown>();
      for (let isDone = false; !isDone;) {
        const { json } = expectOk(await client.post(path, { to, end }));
        const keys = listOf(json['keys']);
        for (const hash of keys) hashes.add(hash);
        calls.push([keys.length, json['apis']]);
        isDone = (json['complete'] as unknown) === true;
      }
      expect([calls, hashes.size]).toEqual([
        [
          [2, []],
          [1, [apiId]],
        ],
        3,
      ]);
      expect(await clientsOf(apiId)).toEqual(end ? [to] : [to, from, from]);
    }
    Reflect.set(rotation, 'mostChanged', most);
    expectOk(await client.delete(`/api/certs/${from}`));
  });
});
