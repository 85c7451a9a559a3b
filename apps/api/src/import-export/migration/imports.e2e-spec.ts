import { anApiDefinition, aPolicy, listOf, textOf, unique, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { addApi, exportOf } from '../../../test/configuration';

const newId = (): string => unique('').replace(/\W/g, '').padEnd(24, '0').slice(0, 24);

describe('imports by the operator', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const reads = async ({ admin }: TestOrganisation, path: string) =>
    withVersion(expectOk(await admin.client.get(path)));

  describe('POST /admin/organisations/import', () => {
    it('creates the organisation under its id, and replaces it the next time', async () => {
      const id = newId();
      const input = {
        id,
        owner_name: 'Test',
        owner_slug: 'test',
        cname: 'my.example',
        cname_enabled: true,
        ui: { a: 1 },
      };
      const created = expectOk(await api.admin.post('/admin/organisations/import', input));
      expect(created.text).toBe(`{"Status":"OK","Message":"Org imported","Meta":"${id}"}`);
      const read = async () => withVersion(await api.admin.get(`/admin/organisations/${id}`));
      expect(await read()).toMatchObject({ ...input, version: 1 });
      expectOk(await api.admin.post('/admin/organisations/import', input));
      expect(await read()).toMatchObject({ version: 1 });
      expectOk(await api.admin.post('/admin/organisations/import/', { ...input, owner_name: 'Renamed' }));
      expect(await read()).toMatchObject({ owner_name: 'Renamed', version: 2 });
    });

    it('brings a deleted organisation back', async () => {
      const gone = await api.organisation();
      expectOk(await api.remove(gone.id));
      expectOk(await api.admin.post('/admin/organisations/import', { id: gone.id, owner_name: 'Back' }));
      expect(withVersion(await api.admin.get(`/admin/organisations/${gone.id}`))).toMatchObject({
        owner_name: 'Back',
        version: 3,
      });
    });

    it.each([
      ['no id', { owner_name: 'Test' }, 'id'],
      ['an id that is none', { id: 'x', owner_name: 'Test' }, 'id'],
      ['no name', { id: newId() }, 'owner_name'],
    ])('400 for %s', async (_, input, path) => {
      const reply = await api.admin.post('/admin/organisations/import', input);
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    });
  });

  describe('POST /admin/apis/import', () => {
    const wrapper = (definition: Record<string, unknown>) => ({
      api_definition: anApiDefinition({ org_id: organisation.id, ...definition }),
      hook_references: [],
      sort_by: 0,
    });

    it('creates APIs with their ids in the organisation that they name, and replaces them the next time', async () => {
      const [one, two] = [wrapper({ id: newId(), api_id: unique('api') }), wrapper({ api_id: unique('api') })];
      const [first, second] = [textOf(one.api_definition['api_id']), textOf(two.api_definition['api_id'])];
      const reply = expectOk(await api.admin.post('/admin/apis/import', { apis: [one, two], pages: 0 }));
      expect(reply.text.startsWith('{"Status":"OK","Message":"APIs imported","Meta":{"')).toBe(true);
      expect(reply.json['Meta']).toEqual({ [first]: true, [second]: true });
      expect((await reads(organisation, `/api/apis/${first}`))['api_definition']).toMatchObject(one.api_definition);
      expectOk(await api.admin.post('/admin/apis/import', { apis: [one] }));
      expect((await reads(organisation, `/api/apis/${first}`))['version']).toBe(1);
      const renamed = { ...one, api_definition: { ...one.api_definition, name: 'Renamed' } };
      expectOk(await api.admin.post('/admin/apis/import', { apis: [renamed] }));
      expect(await reads(organisation, `/api/apis/${first}`)).toMatchObject({
        version: 2,
        api_definition: { name: 'Renamed' },
      });
    });

    it('makes an api_id where none is given', async () => {
      const reply = expectOk(await api.admin.post('/admin/apis/import', { apis: [wrapper({ name: 'Without id' })] }));
      const [id = ''] = Object.keys(reply.json['Meta'] ?? {});
      expect((await reads(organisation, `/api/apis/${id}`))['api_definition']).toMatchObject({ name: 'Without id' });
    });

    it('takes APIs of several organisations, all or none', async () => {
      const other = await api.organisation();
      const ours = wrapper({ api_id: unique('api') });
      const theirs = wrapper({ api_id: unique('api'), org_id: other.id });
      const broken = wrapper({ api_id: unique('api'), org_id: other.id, active: 'yes' });
      const before = await exportOf(organisation);
      const refused = await api.admin.post('/admin/apis/import', { apis: [ours, theirs, broken] });
      expect([refused.status, listOf(refused.json['Errors'])]).toMatchObject([
        400,
        [{ path: 'apis[2].api_definition.active' }],
      ]);
      expect(await exportOf(organisation)).toBe(before);
      expectOk(await api.admin.post('/admin/apis/import', { apis: [ours, theirs] }));
      expect((await reads(other, '/api/apis?p=-1'))['apis']).toMatchObject([
        { api_definition: { api_id: theirs.api_definition['api_id'], org_id: other.id } },
      ]);
    });

    it.each([
      ['no list', {}, 'apis'],
      ['a list of something else', { apis: [1] }, 'apis[0]'],
      [
        'an entry without an organisation',
        { apis: [{ api_definition: anApiDefinition() }] },
        'apis[0].api_definition.org_id',
      ],
      [
        'an organisation that does not exist',
        { apis: [{ api_definition: anApiDefinition({ org_id: '000000000000000000000000' }) }] },
        'apis[0].api_definition.org_id',
      ],
    ])('400 for %s', async (_, body, path) => {
      const reply = await api.admin.post('/admin/apis/import', body);
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    });

    it('409 for an api_id of another organisation', async () => {
      const other = await api.organisation();
      const taken = await addApi(other);
      const reply = await api.admin.post('/admin/apis/import', { apis: [wrapper({ api_id: taken })] });
      expect([reply.status, reply.json['Code']]).toEqual([409, 'id_conflict']);
    });
  });

  describe('POST /admin/policies/import', () => {
    it('creates policies with their ids, and replaces them the next time', async () => {
      const apiId = await addApi(organisation);
      const [_id, explicit] = [newId(), unique('explicit')];
      const policy = { ...aPolicy([apiId]), _id, id: explicit, org_id: organisation.id, last_updated: '1478791603' };
      const reply = expectOk(await api.admin.post('/admin/policies/import', { Data: [policy], Pages: 0 }));
      expect(reply.text).toBe(`{"Status":"OK","Message":"Policies imported","Meta":{"${_id}":true}}`);
      expect(await reads(organisation, `/api/portal/policies/${explicit}`)).toMatchObject({ ...policy, version: 1 });
      expectOk(await api.admin.post('/admin/policies/import', { Data: [{ ...policy, rate: 5 }] }));
      expect(await reads(organisation, `/api/portal/policies/${_id}`)).toMatchObject({ rate: 5, version: 2 });
    });

    it('makes an id where the fields are empty', async () => {
      const named = aPolicy();
      const policy = { ...named, _id: '', id: '', org_id: organisation.id };
      const reply = expectOk(await api.admin.post('/admin/policies/import', { Data: [policy] }));
      const [id = ''] = Object.keys(reply.json['Meta'] ?? {});
      expect(await reads(organisation, `/api/portal/policies/${id}`)).toMatchObject({ _id: id, name: named['name'] });
    });

    it('400 for a policy that names an API of another organisation', async () => {
      const other = await api.organisation();
      const policy = { ...aPolicy([await addApi(other)]), _id: newId(), org_id: organisation.id };
      const reply = await api.admin.post('/admin/policies/import', { Data: [policy] });
      expect([reply.status, textOf(listOf(reply.json['Errors'])[0]?.['path'])]).toEqual([
        400,
        expect.stringMatching(/^Data\[0\]\.access_rights\./),
      ]);
    });
  });

  it.each(['organisations', 'apis', 'policies'])('401 for /admin/%s/import without the admin secret', async (kind) => {
    const path = `/admin/${kind}/import`;
    expect((await api.anonymous.post(path, {})).status).toBe(401);
    expect((await organisation.admin.client.post(path, {})).status).toBe(401);
  });
});
