import { Redis } from 'ioredis';
import { anApiDefinition, makeCertificate, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { certificateForm } from '../../test/certificate-forms';
import { addApi, type Json } from '../../test/configuration';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let redis: Redis;

beforeAll(async () => {
  api = await ApiUnderTest.start({ CERTIFICATE_SETTLE_MS: '0', RECONCILE_MS: '3600000', KEY_SETTLE_MS: '600000' });
  organisation = await api.organisation();
  other = await api.organisation();
  redis = new Redis(api.config.redisUrl);
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

const add = async (content: string, owner = organisation): Promise<string> => {
  const form = certificateForm({ data: content });
  return textOf(expectOk(await owner.admin.client.post('/api/certs', form)).json['id']);
};
const mutual = (ids: readonly string[], more: Json = {}): Json =>
  anApiDefinition({ use_mutual_tls_auth: true, client_certificates: ids, ...more });

describe('a certificate that is rotated', () => {
  it('has its renewal put beside it and then in its place, in APIs and keys, and never neither', async () => {
    const { client } = organisation.admin;
    const [from, to] = [await add((await makeCertificate()).pem), await add((await makeCertificate()).pem)];
    const pinned = { pinned_public_keys: { 'a.example': from } };
    const apiId = await addApi(organisation, mutual([from], pinned));
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
    expect(both).toMatchObject({ id: to, apis: [apiId], overlaps: true });
    const twin = (both['keys'] as unknown as string[]).find((hash) => hash !== named) ?? '';
    expect(await of()).toEqual([[to, from], [to, from], { 'a.example': `${to},${from}` }]);
    for (const hash of [bound, twin]) {
      const { json } = expectOk(await client.get(`/api/keys/${hash}?hashed=true`));
      expect(json['data']).toMatchObject({ alias: 'bound', quota_max: 10, certificate: hash === bound ? from : to });
      expect(await redis.get(`quota-${hash}`)).toBe('4');
    }
    // Once more there is nothing to do.
    expect(expectOk(await client.post(path, { to })).json).toEqual(both);
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
    const apiId = await addApi(organisation, mutual([from]));
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
});
