import type * as Tyk from '@castellan/tyk';
import { anApiDefinition, eventually, textOf, unique } from '@castellan/testing';
import { anOasApi } from '../../test/oas-documents';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

/** One that takes a millisecond or more to compile. */
const mockPattern = '/(?:[a-z0-9]{10}){4}';

/**
 * Here, on the thread that answers requests, what takes long for a large document is not to be had. Threads load the real
 * library.
 */
jest.mock('@castellan/tyk', () => {
  const real = jest.requireActual<typeof Tyk>('@castellan/tyk');
  const isLarge = (value: unknown) => JSON.stringify(value ?? null).length > 600_000;
  const hasPatterns = (value: unknown) => JSON.stringify(value ?? null).split(mockPattern).length > 20;
  const names = [
    'checkDefinition',
    'checkDefinitionMeaning',
    'checkOas',
    'checkPolicy',
    'checkSession',
    'contentDigest',
    'deriveClassicDefinition',
    'diffJson',
    'importOpenApi',
    'migrateToOas',
    'patchOas',
    'toNodeDocument',
  ] as const;
  const guarded = names.map((name) => {
    const work: (...input: never[]) => unknown = real[name];
    const guard = (...input: never[]): unknown => {
      if (input.some(name.startsWith('check') ? (value) => isLarge(value) || hasPatterns(value) : isLarge))
        throw new Error(`${name} of a large document on the thread that answers requests`);
      return work(...input);
    };
    return [name, guard] as const;
  });
  return { ...real, ...Object.fromEntries(guarded) };
});

/** An OpenAPI part of about 700 KB. */
const largeOpenApi = (note: string) => ({
  openapi: '3.0.3',
  info: { title: 'Large', version: '1' },
  servers: [{ url: 'http://upstream.example' }],
  paths: Object.fromEntries(
    Array.from({ length: 2_000 }, (_, index) => [
      `/part/${index}`,
      { get: { summary: `${note} ${'s'.repeat(250)}`, responses: { 200: { description: 'fine' } } } },
    ]),
  ),
});

const largeOas = (id: string, note: string) => ({ ...anOasApi({ info: { id } }), ...largeOpenApi(note) });

/** About as large. */
const largeDefinition = (id: string, note: string) => ({
  ...anApiDefinition({ api_id: id }),
  version_data: {
    not_versioned: true,
    versions: {
      Default: {
        name: 'Default',
        use_extended_paths: true,
        extended_paths: {
          white_list: Array.from({ length: 2_000 }, (_, index) => ({
            path: `/part/${index}/{id}`,
            method_actions: { GET: { action: 'reply', code: 200, data: `${note} ${'d'.repeat(250)}`, headers: {} } },
          })),
        },
      },
    },
  },
});

describe('large documents are worked on beside the thread that answers requests', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const client = () => organisation.admin.client;

  it('as classic definitions: written, changed, tried out, compared and served to nodes', async () => {
    const id = unique('large');
    expectOk(await client().post('/api/apis', { api_definition: largeDefinition(id, 'one') }));
    const changed = { api_definition: largeDefinition(id, 'two') };
    expectOk(await client().post(`/api/apis/validate?id=${id}`, changed));
    expectOk(await client().put(`/api/apis/${id}`, changed));
    expectOk(await client().get(`/api/apis/${id}/revisions/2/diff?against=1`));
    const wrong = { api_definition: { ...changed.api_definition, active: 'yes' } };
    const refused = await client().put(`/api/apis/${id}`, wrong);
    expect([refused.status, refused.json['Code']]).toEqual([400, 'validation_failed']);
    const node = expectOk(await api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway' } }));
    const headers = {
      'x-tyk-nodeid': textOf(node.json['Message']?.['NodeID']),
      'x-tyk-nonce': textOf(node.json['Nonce']),
    };
    await eventually(async () => (await api.node.get('/system/apis', { headers })).text.includes(`"api_id":"${id}"`));
  });

  it('as documents of OAS APIs: written, changed, patched, tried out and imported', async () => {
    const id = unique('large');
    expectOk(await client().post('/api/apis/oas', largeOas(id, 'one')));
    expectOk(await client().put(`/api/apis/oas/${id}`, largeOas(id, 'two')));
    expectOk(await client().patch(`/api/apis/oas/${id}`, largeOpenApi('three')));
    expectOk(await client().post('/api/apis/oas/dry-run', { oas: largeOpenApi('four') }));
    expectOk(await client().post('/api/apis/oas/import', largeOpenApi('five')));
  });

  it('as patterns of policies and keys: made, changed and tried out', async () => {
    const id = unique('patterned');
    expectOk(await client().post('/api/apis', { api_definition: anApiDefinition({ api_id: id }) }));
    const allowed_urls = Array.from({ length: 30 }, (_, index) => ({
      url: `/${index}${mockPattern}`,
      methods: ['GET'],
    }));
    const session = { access_rights: { [id]: { api_id: id, versions: ['Default'], allowed_urls } } };
    expectOk(await client().post('/api/portal/policies', { ...session, name: unique('policy'), active: true }));
    const made = expectOk(await client().post('/api/keys', session));
    const hash = textOf(made.json['key_hash']);
    expectOk(await client().put(`/api/keys/${hash}`, { ...session, alias: 'changed' }));
    expectOk(await client().post('/api/keys/preview', session));
    expectOk(await client().post(`/api/keys/bulk/update?dry_run=true`, { keys: [hash], change: session }));
  });

  it('as parts of a configuration: planned, made, and found to be there already', async () => {
    const apis = [{ api_definition: largeDefinition(unique('large'), 'one') }];
    const counts = async () =>
      expectOk(await client().post('/api/import', { castellan: { format: 1 }, apis })).json['Meta']?.['counts'];
    expect(await counts()).toMatchObject({ create: 1, unchanged: 0 });
    expect(await counts()).toMatchObject({ create: 0, unchanged: 1 });
  });
});
