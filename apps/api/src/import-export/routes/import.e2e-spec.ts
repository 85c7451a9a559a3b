import { Redis } from 'ioredis';
import { anApiDefinition, aPolicy, listOf, numberOf, textOf, unique, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import {
  addApi,
  addHook,
  addPolicy,
  aHook,
  editable,
  exportOf,
  outcomeOf,
  type EditableDocument,
  definitionIn,
  newWrapper,
  refer,
} from '../../../test/configuration';

let api: ApiUnderTest;
let organisation: TestOrganisation;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const yaml = { headers: { 'content-type': 'application/yaml' } };
const send = (document: unknown, query = '') => organisation.admin.client.post(`/api/import${query}`, document);
const current = async (query = ''): Promise<EditableDocument> => editable(await exportOf(organisation, query));
const versionOf = async (apiId: string) =>
  numberOf(withVersion(expectOk(await organisation.admin.client.get(`/api/apis/${apiId}`)))['version']);
const revisionsOf = async (apiId: string) =>
  listOf(expectOk(await organisation.admin.client.get(`/api/apis/${apiId}/revisions?p=-1`)).json['revisions']);

describe('POST /api/import', () => {
  beforeEach(async () => {
    organisation = await api.organisation();
  });

  describe('200', () => {
    it('creates, changes and leaves alone, in one change with one revision each', async () => {
      const kept = await addApi(organisation);
      const changed = await addApi(organisation);
      const document = await current();
      const created = unique('api');
      document.apis.push({ api_definition: newWrapper(created).api_definition, hook_references: [] });
      definitionIn(document, changed)['name'] = 'Renamed';
      document.hooks.push(aHook({ id: '5f0000000000000000000a01' }));
      document.policies.push(aPolicy([created, kept], { _id: '5f0000000000000000000b01' }));

      const reply = expectOk(await send(document));
      expect(reply.json['Message']).toBe('Configuration imported');
      expect(outcomeOf(reply.json['Meta'])).toEqual({
        counts: { create: 3, update: 1, delete: 0, unchanged: 1 },
        actions: {
          [kept]: 'unchanged',
          [changed]: 'update',
          [created]: 'create',
          '5f0000000000000000000a01': 'create',
          '5f0000000000000000000b01': 'create',
        },
      });
      const change = listOf(reply.json['Meta']?.['resources']).find(({ key }) => textOf(key) === changed);
      expect(listOf(change?.['diff'])).toMatchObject([
        { op: 'replace', path: '/api_definition/name', value: 'Renamed' },
      ]);
      expect([await versionOf(kept), await versionOf(changed), await versionOf(created)]).toEqual([1, 2, 1]);
      expect((await revisionsOf(changed)).map(({ operation }) => operation)).toEqual(['update', 'create']);
      const log = expectOk(await organisation.admin.client.get('/api/audit-logs?action=Import%20Configuration'));
      expect(listOf(log.json['audit_logs'])).toHaveLength(1);
    });

    it('says of the resources what it does, in the order of the document, and where they stand in it', async () => {
      const document = {
        hooks: [aHook({ id: '5f0000000000000000000a02' })],
        apis: [newWrapper('zz'), newWrapper('aa')],
      };
      const { json } = expectOk(await send(document, '?dryRun=true'));
      const resources = listOf(json['Meta']?.['resources']).map(({ kind, key, path }) => [kind, key, path]);
      expect(resources).toEqual([
        ['api', document.apis[1]?.api_definition['api_id'], 'apis[1]'],
        ['api', document.apis[0]?.api_definition['api_id'], 'apis[0]'],
        ['webhook', '5f0000000000000000000a02', 'hooks[0]'],
      ]);
    });

    it('answers a dry run with exactly what the import then does, and writes nothing', async () => {
      const [changed, gone] = [await addApi(organisation), await addApi(organisation)];
      const policy = await addPolicy(organisation, [changed]);
      const before = await exportOf(organisation);
      const document = editable(before);
      definitionIn(document, changed)['use_keyless'] = false;
      document.apis = document.apis.filter(({ api_definition: { api_id: id } }) => id !== gone);
      document.apis.push(newWrapper());
      document.policies[0] = { ...document.policies[0], rate: 7 };

      const planned = expectOk(await send(document, '?dryRun=true&prune=true'));
      expect(await exportOf(organisation)).toBe(before);
      expect(await versionOf(changed)).toBe(1);
      expect(await revisionsOf(gone)).toHaveLength(1);
      const made = expectOk(await send(document, '?prune=true'));
      expect(made.json['Meta']?.['counts']).toEqual({ create: 1, update: 2, delete: 1, unchanged: 0 });
      // A new row gets its id, and a policy its date, when it is written.
      const planOf = (resources: unknown) =>
        listOf(resources).map(({ id, diff, ...resource }) => ({
          ...resource,
          id: (resource['action'] as unknown) === 'create' ? null : id,
          diff: (diff as unknown) === null ? null : listOf(diff).filter(({ path }) => textOf(path) !== '/last_updated'),
        }));
      expect(planOf(made.json['Meta']?.['resources'])).toEqual(planOf(planned.json['Meta']?.['resources']));
      expect((await organisation.admin.client.get(`/api/portal/policies/${policy}`)).json['rate']).toBe(7);
    });

    it('writes nothing and reloads nothing when nothing changes', async () => {
      const apiId = await addApi(organisation);
      await addPolicy(organisation, [apiId]);
      const hook = await addHook(organisation);
      await refer(organisation, apiId, hook);
      const before = await exportOf(organisation);
      const audited = async () =>
        listOf((await organisation.admin.client.get('/api/audit-logs?p=-1')).json['audit_logs']).length;
      const served = async () => (await organisation.admin.client.get('/api/system/nodes')).json['expected'];
      const [records, expected, version] = [await audited(), await served(), await versionOf(apiId)];
      for (const query of ['', '?prune=true']) {
        const reply = expectOk(await send(before, query));
        expect(reply.json['Meta']?.['counts']).toEqual({ create: 0, update: 0, delete: 0, unchanged: 3 });
      }
      expect(await versionOf(apiId)).toBe(version);
      expect(await audited()).toBe(records);
      expect(await served()).toEqual(expected);
      expect(await exportOf(organisation)).toBe(before);
    });

    it('resolves the merge keys of YAML, so that what is inherited is not lost', async () => {
      const id = unique('merged').toLowerCase();
      const text = [
        'apis:',
        '  - api_definition:',
        '      <<: { name: Merged, active: true, use_keyless: true, enable_ip_whitelisting: true, allowed_ips: [10.0.0.1] }',
        `      api_id: ${id}`,
        `      proxy: { listen_path: /${id}/, target_url: "http://x.example/" }`,
        '      version_data: { not_versioned: true, versions: { Default: { name: Default } } }',
      ].join('\n');
      expectOk(await organisation.admin.client.post('/api/import', text, yaml));
      const { json } = expectOk(await organisation.admin.client.get(`/api/apis/${id}`));
      expect(json['api_definition']).toMatchObject({ name: 'Merged', allowed_ips: ['10.0.0.1'] });
      expect(Object.keys(json['api_definition'] ?? {})).not.toContain('<<');
    });

    it('takes YAML', async () => {
      await addPolicy(organisation, [await addApi(organisation)]);
      const text = await exportOf(organisation, '?format=yaml');
      const before = await exportOf(organisation);
      const same = expectOk(await organisation.admin.client.post('/api/import?prune=true', text, yaml));
      expect(same.json['Meta']?.['counts']).toMatchObject({ create: 0, update: 0, delete: 0, unchanged: 2 });
      const changed = text.replace(/use_keyless: true/, 'use_keyless: false');
      expectOk(await organisation.admin.client.post('/api/import', changed, yaml));
      expect(await exportOf(organisation)).toBe(before.replace('"use_keyless":true', '"use_keyless":false'));
    });

    it('takes what says less than an export: what Castellan fills in stays', async () => {
      const apiId = await addApi(organisation);
      const policy = await addPolicy(organisation, [apiId]);
      const before = await exportOf(organisation);
      const document = editable(before);
      const sparse = {
        apis: document.apis.map(({ api_definition: { id: _id, ...definition } }) => ({ api_definition: definition })),
        policies: document.policies.map(({ date_created: _created, last_updated: _updated, ...rest }) => rest),
      };
      expect(expectOk(await send(sparse)).json['Meta']?.['counts']).toMatchObject({ update: 0, unchanged: 2 });
      const redated = document.policies.map((one) => ({ ...one, last_updated: '1', date_created: '' }));
      expect(expectOk(await send({ policies: redated })).json['Meta']?.['counts']).toMatchObject({ unchanged: 1 });
      expect(await exportOf(organisation)).toBe(before);
      expectOk(await send({ policies: [{ ...sparse.policies[0], rate: 3 }] }));
      const { json } = await organisation.admin.client.get(`/api/portal/policies/${policy}`);
      expect(json).toMatchObject({ rate: 3, date_created: document.policies[0]?.['date_created'] });
    });

    it('makes the content what the document says, without what it said before, and leaves owners of whom it is silent', async () => {
      const apiId = await addApi(organisation);
      expectOk(
        await organisation.admin.client.put(`/api/apis/${apiId}`, {
          api_definition: newWrapper(apiId).api_definition,
          note: 'of the wrapper',
          user_owners: [organisation.admin.id],
        }),
      );
      const document = await current();
      for (const field of ['note', 'user_owners']) Reflect.deleteProperty(document.apis[0] ?? {}, field);
      expectOk(await send(document));
      const [imported] = (await current()).apis;
      expect(imported).not.toHaveProperty('note');
      expect(imported).toMatchObject({ user_owners: [organisation.admin.id] });
    });

    it('lets two APIs swap their listen paths, and a new one take the path of a deleted one', async () => {
      const [a, b, gone] = [await addApi(organisation), await addApi(organisation), await addApi(organisation)];
      const document = await current();
      const pathOf = (id: string) => definitionIn(document, id).proxy['listen_path'];
      const [pathA, pathB, pathGone] = [pathOf(a), pathOf(b), pathOf(gone)];
      definitionIn(document, a).proxy['listen_path'] = pathB;
      definitionIn(document, b).proxy['listen_path'] = pathA;
      document.apis = document.apis.filter(({ api_definition: { api_id: id } }) => id !== gone);
      const heir = newWrapper();
      heir.api_definition.proxy['listen_path'] = pathGone;
      document.apis.push(heir);
      expectOk(await send(document, '?prune=true'));
      const after = await current();
      const paths = after.apis.map(({ api_definition: { api_id: id, proxy } }) => [id, proxy['listen_path']]);
      expect(Object.fromEntries(paths)).toEqual({
        [a]: pathB,
        [b]: pathA,
        [textOf(heir.api_definition['api_id'])]: pathGone,
      });
      // The paths are still guarded.
      const taken = await organisation.admin.client.post('/api/apis', {
        api_definition: anApiDefinition({ proxy: { listen_path: pathA } }),
      });
      expect(taken.status).toBe(409);
    });

    it('is made once when the same import is sent twice at the same time', async () => {
      const document = { apis: [newWrapper(), newWrapper()] };
      const replies = (await Promise.all([send(document), send(document)])).map(expectOk);
      const created = replies.map(({ json }) => numberOf(json['Meta']?.['counts']?.['create']));
      expect(created.sort()).toEqual([0, 2]);
      for (const { api_definition: definition } of document.apis) {
        expect(await versionOf(textOf(definition['api_id']))).toBe(1);
      }
    });

    it('brings back what was deleted with its ids, and its history goes on', async () => {
      const apiId = await addApi(organisation);
      const before = await exportOf(organisation);
      const { api_definition: definition } = editable(before).apis[0] ?? { api_definition: { id: '' } };
      expectOk(await organisation.admin.client.delete(`/api/apis/${apiId}`));
      expectOk(await send(before));
      expect(await exportOf(organisation)).toBe(before);
      expect((await revisionsOf(textOf(definition['id']))).map(({ revision }) => revision)).toEqual([3, 2, 1]);
    });

    it('rewrites APIs that embed a changed hook, even those that the document does not have', async () => {
      const hook = await addHook(organisation);
      const [listed, absent] = [await addApi(organisation), await addApi(organisation)];
      for (const apiId of [listed, absent]) await refer(organisation, apiId, hook);
      const document = await current();
      document.hooks[0] = { ...document.hooks[0], target_path: 'http://moved.example/' };
      document.apis = document.apis.filter(({ api_definition: { api_id: id } }) => id !== absent);
      const reply = expectOk(await send(document));
      expect(outcomeOf(reply.json['Meta']).actions).toEqual({
        [hook]: 'update',
        [listed]: 'update',
        [absent]: 'update',
      });
      for (const apiId of [listed, absent]) {
        const { text } = await organisation.admin.client.get(`/api/apis/${apiId}`);
        expect(text.match(/"target_path":"http:\/\/moved\.example\/"/g)).toHaveLength(2);
        expect(await versionOf(apiId)).toBe(3);
      }
    });
  });

  it('409 for policies that keys apply, when prune would delete them', async () => {
    const [needed, unneeded] = [await addPolicy(organisation, []), await addPolicy(organisation, [])];
    const redis = new Redis(api.config.redisUrl);
    try {
      const session = { org_id: organisation.id, alias: 'ada', apply_policies: [needed] };
      await redis.set('apikey-0a1b2c3d', JSON.stringify(session));
      const reply = await send({ policies: [] }, '?prune=true');
      const errors = [{ path: 'keys.0a1b…', message: `The key "ada" applies the policy ${needed}` }];
      expect([reply.status, reply.json['Code'], reply.json['Errors']]).toEqual([409, 'in_use', errors]);
      const ids = (await current()).policies.map(({ _id: id }) => id);
      expect(ids).toEqual(expect.arrayContaining([needed, unneeded]));
    } finally {
      await redis.del('apikey-0a1b2c3d');
      redis.disconnect();
    }
  });

  it('403 unless each section that it writes may be written', async () => {
    const some = await api.user(organisation.id, { system: 'write', apis: 'write', policies: 'read' });
    const post = async (document: unknown, query = '') =>
      (await some.client.post(`/api/import${query}`, document)).status;
    expect(await post({ apis: [newWrapper()], policies: [] })).toBe(200);
    expect(await post({ policies: [{ ...aPolicy(), _id: '5f0000000000000000000b05' }] })).toBe(403);
    expect(await post({ policies: [] }, '?prune=true')).toBe(403);
    expect(await post({ hooks: [aHook({ id: '5f0000000000000000000a05' })] }, '?dryRun=true')).toBe(403);
    const reader = await api.user(organisation.id, { system: 'read', apis: 'write' });
    expect((await reader.client.post('/api/import', { apis: [] })).status).toBe(403);
    expect((await reader.client.get('/api/import')).json).toEqual({ imports: [] });
    expect((await (await api.user(organisation.id, { apis: 'write' })).client.get('/api/import')).status).toBe(403);
  });

  describe('409', () => {
    it('names each conflict within the document and with what there is', async () => {
      const path = `/${unique('path')}/`;
      const held = await addApi(organisation, anApiDefinition({ proxy: { listen_path: path } }));
      const twice = newWrapper();
      const [onPath, tagged] = [newWrapper(), newWrapper()];
      onPath.api_definition.proxy['listen_path'] = path;
      tagged.api_definition.proxy['listen_path'] = twice.api_definition.proxy['listen_path'];
      tagged.api_definition['tags'] = ['edge'];
      const reply = await send({ apis: [onPath, twice, tagged, twice] });
      expect([reply.status, reply.json['Code']]).toEqual([409, 'id_conflict']);
      expect(reply.json['Errors']).toEqual([
        { path: 'apis[3].api_definition.id', message: 'is the same as in apis[1]' },
        { path: 'apis[0].api_definition.proxy.listen_path', message: expect.stringContaining(held) as string },
        { path: 'apis[2].api_definition.proxy.listen_path', message: 'is taken on this domain by apis[1]' },
      ]);
      expect((await current()).apis).toHaveLength(1);
    });

    it('tells what stands in the way within the document from what stays, kind by kind', async () => {
      const slug = unique('slug');
      const stays = await addApi(organisation, anApiDefinition({ slug }));
      const [one, other, third] = [newWrapper(), newWrapper(), newWrapper()];
      const shared = unique('slug');
      one.api_definition['slug'] = slug;
      other.api_definition['slug'] = shared;
      third.api_definition['slug'] = shared;
      const twin = unique('silver');
      const policies = ['1', '2'].map((digit) => ({ ...aPolicy(), _id: digit.repeat(24), id: twin }));
      const slugs = await send({ apis: [one, other, third] });
      expect(slugs.status).toBe(409);
      expect(slugs.json['Errors']).toEqual([
        { path: 'apis[0].api_definition.slug', message: expect.stringContaining(stays) as string },
        { path: 'apis[2].api_definition.slug', message: expect.stringContaining('apis[1]') as string },
      ]);
      const ids = await send({ policies });
      expect(ids.status).toBe(409);
      expect(ids.json['Errors']).toEqual([{ path: 'policies[1]._id', message: 'is the same as in policies[0]' }]);
      const document = await current();
      expect([document.apis.length, document.policies.length]).toEqual([1, 0]);
      // What goes in the same change is in nobody's way.
      expectOk(await send({ apis: [one] }, '?prune=true'));
    });

    it('refuses what another organisation has, and does not say whose it is', async () => {
      const stranger = await api.organisation();
      const path = `/${unique('path')}/`;
      const theirs = await addApi(stranger, anApiDefinition({ proxy: { listen_path: path } }));
      const policy = await addPolicy(stranger, [theirs]);
      const [sameId, samePath] = [newWrapper(theirs), newWrapper()];
      samePath.api_definition.proxy['listen_path'] = path;
      samePath.api_definition['tags'] = ['edge'];
      const reply = await send({ apis: [sameId, samePath], policies: [{ ...aPolicy(), _id: policy }] });
      expect([reply.status, reply.json['Meta']]).toEqual([409, null]);
      expect(listOf(reply.json['Errors']).map((error) => error['path'])).toEqual([
        'apis[0].api_definition.api_id',
        // Gateways serve an API under its api_id too.
        'apis[0].api_definition.proxy.listen_path',
        'apis[1].api_definition.proxy.listen_path',
        'policies[0]._id',
      ]);
      expect(reply.text).not.toContain(stranger.id);
    });
  });

  describe('If-Match', () => {
    it('412 when the configuration has changed since it was exported', async () => {
      const apiId = await addApi(organisation);
      const exported = expectOk(await organisation.admin.client.get('/api/export'));
      const tag = textOf(exported.headers.get('etag'));
      const document = editable(exported.text);
      definitionIn(document, apiId)['name'] = 'First';
      const write = (header: string) =>
        organisation.admin.client.post('/api/import', document, { headers: { 'if-match': header } });
      expect((await write(tag)).status).toBe(200);
      definitionIn(document, apiId)['name'] = 'Second';
      const stale = await write(tag);
      expect([stale.status, stale.json['Code']]).toEqual([412, 'version_mismatch']);
      const asYaml = await organisation.admin.client.get('/api/export?format=yaml');
      expect((await write(textOf(asYaml.headers.get('etag')))).status).toBe(200);
    });

    it('428 where the organisation demands one, but for a dry run', async () => {
      organisation = await api.organisation({ require_if_match: true });
      const document = { apis: [newWrapper()] };
      expect((await send(document)).json['Code']).toBe('precondition_required');
      expect((await send(document, '?dryRun=true')).status).toBe(200);
      const any = await organisation.admin.client.post('/api/import', document, { headers: { 'if-match': '*' } });
      expect(any.status).toBe(200);
    });
  });
});
