import { anApiDefinition, listOf, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

interface Made {
  readonly id: string;
  readonly apiId: string;
}

describe('versions of a classic API', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const post = (query: Record<string, string>, definition: object = {}): Promise<Reply> =>
    organisation.admin.client.post(`/api/apis?${new URLSearchParams(query).toString()}`, {
      api_definition: anApiDefinition({ ...definition }),
    });
  const validate = (query: Record<string, string>): Promise<Reply> =>
    organisation.admin.client.post(`/api/apis/validate?${new URLSearchParams(query).toString()}`, {
      api_definition: anApiDefinition(),
    });
  const made = (reply: Reply): Made => {
    const { json } = expectOk(reply);
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const get = (id: string): Promise<Reply> => organisation.admin.client.get(`/api/apis/${id}`);
  const versioningOf = async (id: string): Promise<unknown> => (await get(id)).json['api_definition']?.['definition'];
  const family = async (): Promise<{ base: Made; child: Made }> => {
    const base = made(await post({}));
    const link = { base_api_id: base.apiId, base_api_version_name: 'v1', new_version_name: 'v2' };
    return { base, child: made(await post(link)) };
  };

  it('are listed by the base, which changes in the same transaction', async () => {
    const { base, child } = await family();
    expect(await versioningOf(base.id)).toEqual({
      enabled: true,
      name: 'v1',
      default: 'self',
      location: 'header',
      key: 'x-api-version',
      versions: { v2: child.apiId },
    });
    expect(withVersion(await get(base.id))['version']).toBe(2);
    const history = await organisation.admin.client.get(`/api/apis/${base.id}/revisions`);
    expect(listOf(history.json['revisions']).map(({ operation }) => operation)).toEqual(['update', 'create']);
    const third = made(await post({ base_api_id: base.id, new_version_name: 'v3', set_default: 'true' }));
    expect(await versioningOf(base.id)).toMatchObject({
      name: 'v1',
      default: 'v3',
      versions: { v2: child.apiId, v3: third.apiId },
    });
  });

  it('are told apart in replies by the header that names their base', async () => {
    const { base, child } = await family();
    expect((await get(child.id)).headers.get('x-tyk-base-api-id')).toBe(base.apiId);
    expect((await get(base.id)).headers.get('x-tyk-base-api-id')).toBeNull();
  });

  it('are left out of lists of base APIs', async () => {
    const { base, child } = await family();
    const listed = async (query: string): Promise<string[]> =>
      listOf(expectOk(await organisation.admin.client.get(`/api/apis?p=-1${query}`)).json['apis']).map((wrapper) =>
        textOf(wrapper['api_definition']?.['api_id']),
      );
    expect(await listed('')).toEqual(expect.arrayContaining([base.apiId, child.apiId]));
    expect(await listed('&base_apis=1')).toContain(base.apiId);
    expect(await listed('&base_apis')).not.toContain(child.apiId);
  });

  it('that go leave the base’s list', async () => {
    const { base, child } = await family();
    expectOk(await organisation.admin.client.delete(`/api/apis/${child.id}`));
    expect(await versioningOf(base.id)).toMatchObject({ name: 'v1', default: 'self', versions: {} });
    expect(withVersion(await get(base.id))['version']).toBe(3);
  });

  it('that get another api_id keep their place', async () => {
    const { base, child } = await family();
    const apiId = unique('renamed');
    const body = { api_definition: anApiDefinition({ api_id: apiId }) };
    expectOk(await organisation.admin.client.put(`/api/apis/${child.id}`, body));
    expect(await versioningOf(base.id)).toMatchObject({ versions: { v2: apiId } });
  });

  it('stay when their base goes, as clients that delete one API after the other need it', async () => {
    const { base, child } = await family();
    expectOk(await organisation.admin.client.delete(`/api/apis/${base.id}`));
    const reply = await get(child.id);
    expect([reply.status, reply.headers.get('x-tyk-base-api-id')]).toEqual([200, null]);
    expectOk(await organisation.admin.client.delete(`/api/apis/${child.id}`));
  });

  describe('400, and nothing is made', () => {
    const count = async (): Promise<number> =>
      listOf((await organisation.admin.client.get('/api/apis?p=-1')).json['apis']).length;

    it.each([
      [{ base_api_id: 'BASE' }, 'version name header should be set with base API ID', 'new_version_name'],
      [{ base_api_id: 'nothing', new_version_name: 'v2' }, 'nothing is not a valid Base API version', 'base_api_id'],
      [
        { base_api_id: 'BASE', new_version_name: 'v2' },
        'you need to provide a version name for the new Base API: BASE',
        'base_api_version_name',
      ],
      [{ new_version_name: 'v2' }, 'base_api_id: is required with names of versions', 'base_api_id'],
      [
        { base_api_id: 'BASE', base_api_version_name: 'v1', new_version_name: 'v2', set_default: 'yes' },
        'set_default: must be true or false',
        'set_default',
      ],
    ])('%j', async (query, message, path) => {
      const { apiId } = made(await post({}));
      const before = await count();
      const asked = JSON.parse(JSON.stringify(query).replaceAll('BASE', apiId)) as Record<string, string>;
      const reply = await post(asked);
      expect([reply.status, reply.json['Message']]).toEqual([400, message.replaceAll('BASE', apiId)]);
      expect(listOf(reply.json['Errors']).map((error) => error['path'])).toEqual([path]);
      const validated = await validate(asked);
      expect([validated.status, validated.json['Errors']]).toEqual([400, reply.json['Errors']]);
      expect(await count()).toBe(before);
    });

    it('a name that is taken', async () => {
      const { base } = await family();
      const before = await count();
      for (const name of ['v1', 'v2']) {
        const reply = await post({ base_api_id: base.apiId, new_version_name: name });
        expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'new_version_name']);
      }
      expect(await count()).toBe(before);
    });

    it('another organisation’s base', async () => {
      const { base } = await family();
      const stranger = await api.organisation();
      const reply = await stranger.admin.client.post(`/api/apis?base_api_id=${base.apiId}&new_version_name=v9`, {
        api_definition: anApiDefinition(),
      });
      expect([reply.status, reply.json['Message']]).toEqual([400, `${base.apiId} is not a valid Base API version`]);
    });
  });

  it('are tried out with their base, and nothing is written', async () => {
    const base = made(await post({}));
    const link = { base_api_id: base.apiId, base_api_version_name: 'v1', new_version_name: 'v2', set_default: '1' };
    const changes = listOf(expectOk(await validate(link)).json['Meta']?.['changes']);
    expect(changes.map(({ operation }) => operation)).toEqual(['create', 'update']);
    expect(changes[1]).toMatchObject({ id: base.id, version: 2 });
    expect(withVersion(await get(base.id))['version']).toBe(1);
    made(await post(link));
    expect(await versioningOf(base.id)).toMatchObject({ default: 'v2' });
  });

  it('that are made in the same instant are all listed', async () => {
    const { base } = await family();
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, index) => post({ base_api_id: base.apiId, new_version_name: `c${index}` })),
    );
    const ids = replies.map((reply) => made(reply).apiId);
    const { versions } = (await versioningOf(base.id)) as { versions: Record<string, string> };
    expect(Object.values(versions)).toEqual(expect.arrayContaining(ids));
  });
});
