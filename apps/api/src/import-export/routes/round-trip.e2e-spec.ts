import * as fc from 'fast-check';
import { anApiDefinition, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { fixtures } from '../../../../../test/fixtures/load';
import { anyJsonObject } from '../../../test/any-json';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { addApi, addHook, addPolicy, editable, exportOf, outcomeOf, type Json } from '../../../test/configuration';

describe('export → another installation → import → export', () => {
  let here: ApiUnderTest;
  let there: ApiUnderTest;

  beforeAll(async () => {
    here = await ApiUnderTest.start();
    there = await ApiUnderTest.start();
  });
  afterAll(async () => {
    await here.stop();
    await there.stop();
  });

  const roundTrip = async (exported: string, type = 'application/json'): Promise<string> => {
    const target = await there.organisation();
    const headers = { 'content-type': type };
    expectOk(await target.admin.client.post('/api/import?prune=true', exported, { headers }));
    const arrived = await exportOf(target, type.endsWith('yaml') ? '?format=yaml' : '');
    // The ids are unique in an installation, so the next test needs them free.
    expectOk(await target.admin.client.post('/api/import?prune=true', { apis: [], policies: [], hooks: [] }));
    return arrived;
  };

  it('is identical for every kind of resource and what they say of each other', async () => {
    const organisation = await here.organisation();
    const { client } = organisation.admin;
    const hook = await addHook(organisation);
    const apiId = await addApi(organisation, anApiDefinition({ tags: ['eu'], 'config.data': { 'a.b': {}, $set: [] } }));
    expectOk(
      await client.put(`/api/apis/${apiId}`, {
        api_definition: anApiDefinition({ api_id: apiId }),
        hook_references: [{ event_name: 'QuotaExceeded', event_timeout: 60, hook: { id: hook } }],
      }),
    );
    await addPolicy(organisation, [apiId], { id: unique('explicit'), tags: ['gold'] });
    const oas = {
      openapi: '3.0.3',
      info: { title: 'Pets', version: '1' },
      paths: { '/pets': { get: { responses: { 200: { description: 'all' } } } } },
      'x-tyk-api-gateway': {
        info: { name: 'Pets', state: { active: true } },
        upstream: { url: 'http://127.0.0.1:1/' },
        server: { listenPath: { value: `/${unique('pets')}/`, strip: true } },
      },
    };
    expectOk(await client.post('/api/apis/oas', oas));
    for (const [query, type] of [
      ['', 'application/json'],
      ['?format=yaml', 'application/yaml'],
    ] as const) {
      const exported = await exportOf(organisation, query);
      expect(await roundTrip(exported, type)).toBe(exported);
    }
  });

  it('is identical for the definitions and policies of whole installations', async () => {
    const definitions = fixtures('definitions');
    const policiesSent = fixtures('policies');
    const organisation = await here.organisation({ allow_duplicate_listen_paths: true, allow_duplicate_slugs: true });
    const { client } = organisation.admin;
    const apiIds = new Set<string>();
    for (const { document } of definitions) {
      const path = 'openapi' in document ? '/api/apis/oas' : '/api/apis';
      const reply = expectOk(await client.post(path, document));
      apiIds.add(textOf(reply.json['ID']));
    }
    expect(apiIds.size).toBe(definitions.length);
    for (const { document: policy } of policiesSent) {
      for (const [apiId, right] of Object.entries(policy['access_rights'] as Record<string, { versions: string[] }>)) {
        if (!apiIds.has(apiId)) apiIds.add(await addApi(organisation, standIn(apiId, right.versions)));
      }
      expectOk(await client.post('/api/portal/policies', policy));
    }
    const exported = await exportOf(organisation);
    const { apis, policies } = editable(exported);
    expect([apis.length, policies.length]).toEqual([apiIds.size, policiesSent.length]);

    const target = await there.organisation({ allow_duplicate_listen_paths: true, allow_duplicate_slugs: true });
    expectOk(await target.admin.client.post('/api/import', exported));
    expect(await exportOf(target)).toBe(exported);
    const again = expectOk(await target.admin.client.post('/api/import?prune=true', exported));
    expect(again.json['Meta']?.['counts']).toEqual({
      create: 0,
      update: 0,
      delete: 0,
      unchanged: apiIds.size + policiesSent.length,
    });
    expectOk(await target.admin.client.post('/api/import?prune=true', { apis: [], policies: [] }));
  });

  it.each([
    ['application/json', '{"apis":[{"api_definition":DEFINITION,"x":1e400}]}'],
    ['application/yaml', 'apis:\n  - api_definition: DEFINITION\n    x: .inf\n'],
  ])('refuses what would not come back the same, as %s', async (type, text) => {
    const organisation = await here.organisation();
    const body = text.replace('DEFINITION', JSON.stringify(anApiDefinition({ api_id: unique('api') })));
    const headers = { 'content-type': type };
    const reply = await organisation.admin.client.post('/api/import', body, { headers });
    expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
    expect(editable(await exportOf(organisation)).apis).toEqual([]);
  });

  it('keeps whatever a wrapper and a definition say beside what is known', async () => {
    const target = await there.organisation();
    await fc.assert(
      fc.asyncProperty(anyJsonObject, anyJsonObject, async (inWrapper, inDefinition) => {
        const organisation = await here.organisation();
        const definition = { ...anApiDefinition(), config_data: inDefinition };
        const body = `{"api_definition":${JSON.stringify(definition)},"x_any":${JSON.stringify(inWrapper)}}`;
        const apiId = textOf(expectOk(await organisation.admin.client.post('/api/apis', body)).json['ID']);
        const exported = await exportOf(organisation);
        const created = expectOk(await target.admin.client.post('/api/import?prune=true', exported));
        expect(outcomeOf(created.json['Meta']).actions).toMatchObject({ [apiId]: 'create' });
        expect(await exportOf(target)).toBe(exported);
        const yaml = await exportOf(organisation, '?format=yaml');
        const headers = { 'content-type': 'application/yaml' };
        const same = expectOk(await target.admin.client.post('/api/import?prune=true', yaml, { headers }));
        expect(same.json['Meta']?.['counts']).toEqual({ create: 0, update: 0, delete: 0, unchanged: 1 });
        const [wrapper] = listOf((JSON.parse(exported) as JsonReply)['apis']);
        expect(JSON.stringify(wrapper?.['x_any'])).toBe(sorted(inWrapper));
        expect(JSON.stringify(wrapper?.['api_definition']?.['config_data'])).toBe(sorted(inDefinition));
      }),
      { numRuns: 15 },
    );
  });
});

/** An API that a policy names and that is not among the definitions. */
const standIn = (apiId: string, versions: readonly string[]): Json =>
  anApiDefinition({
    api_id: apiId,
    version_data: {
      not_versioned: false,
      versions: Object.fromEntries(versions.map((name) => [name, { name, use_extended_paths: true }])),
    },
  });

/** The JSON text with the names of all objects in order. */
const sorted = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${sorted(field)}`).join(',')}}`;
};
