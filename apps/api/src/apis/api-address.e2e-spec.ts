import { anApiDefinition, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';
import { anOasApi } from '../../test/oas-documents';

describe('where an API answers', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ GATEWAY_URL: 'http://gateways.example:8080/' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const urlOf = async (id: string) => expectOk(await organisation.admin.client.get(`/api/apis/${id}/url`)).json;
  const urlsOf = async (id: string) => expectOk(await organisation.admin.client.get(`/api/apis/oas/${id}/urls`)).json;
  const addOas = async (document: object, query = ''): Promise<string> =>
    textOf(expectOk(await organisation.admin.client.post(`/api/apis/oas${query}`, document)).json['ID']);

  it('is the gateways’ address and its listen path', async () => {
    const path = `/${unique('path')}/`;
    const definition = anApiDefinition();
    const proxy = { listen_path: path, target_url: 'http://target.example/', strip_listen_path: true };
    const id = await addApi(organisation, { ...definition, proxy });
    expect(await urlOf(id)).toEqual({
      ApiURL: `http://gateways.example:8080${path}`,
      BasePath: path,
      Host: 'gateways.example:8080',
    });
  });

  it('has the domain of its own, unless that is switched off', async () => {
    const domain = `${unique('d').toLowerCase()}.example`;
    const id = await addApi(organisation, { ...anApiDefinition(), domain });
    expect((await urlOf(id))['Host']).toBe(`${domain}:8080`);
    const off = await addApi(organisation, { ...anApiDefinition(), domain, domain_disabled: true });
    expect((await urlOf(off))['Host']).toBe('gateways.example:8080');
  });

  it('is told of OAS APIs in its parts', async () => {
    const name = unique('oas');
    const id = await addOas(anOasApi({ server: { listenPath: { value: `/${name}/`, strip: true } } }));
    expect(await urlsOf(id)).toEqual({
      api_id: id,
      urls: [
        {
          protocol: 'http',
          domain: 'gateways.example',
          port: 8080,
          listen_path: name,
          endpoint_path: '',
          query_parameters: [],
          headers: [],
          url: `http://gateways.example:8080/${name}`,
        },
      ],
    });
  });

  it.each([
    ['header', { headers: [{ name: 'v', value: 'v1' }] }, ''],
    ['url-param', { query_parameters: [{ name: 'v', value: 'v1' }] }, '?v=v1'],
    ['url', { endpoint_path: 'v1' }, '/v1'],
  ])('names a version in the %s, and leaves it out for the default', async (location, part, suffix) => {
    const [path, versionPath] = [unique('base'), unique('version')];
    const versioning = { enabled: true, name: 'v1', default: 'self', location, key: 'v', versions: [] };
    const base = await addOas(
      anOasApi({ info: { versioning }, server: { listenPath: { value: `/${path}/`, strip: true } } }),
    );
    const query = `?base_api_id=${base}&base_api_version_name=v1&new_version_name=v2`;
    const version = await addOas(
      anOasApi({ server: { listenPath: { value: `/${versionPath}/`, strip: true } } }),
      query,
    );
    const root = `http://gateways.example:8080/${path}`;
    expect((await urlsOf(base))['urls']).toMatchObject([{ ...part, url: `${root}${suffix}` }, { url: root }]);
    expect((await urlsOf(version))['urls']).toMatchObject([
      { url: `${root}${suffix.replace('v1', 'v2')}` },
      { url: `http://gateways.example:8080/${versionPath}` },
    ]);
  });

  it('is not told of what is not there, of other organisations, or without the right', async () => {
    const id = await addOas(anOasApi());
    const { client } = organisation.admin;
    const nothing = await client.get('/api/apis/nothing/url');
    expect([nothing.status, nothing.json['Message']]).toEqual([400, 'Could not retrieve API detail']);
    expect((await client.get('/api/apis/oas/nothing/urls')).status).toBe(404);
    expect((await client.get(`/api/apis/oas/${await addApi(organisation)}/urls`)).status).toBe(400);
    const other = await api.organisation();
    expect((await other.admin.client.get(`/api/apis/oas/${id}/urls`)).status).toBe(404);
    expect((await other.admin.client.get(`/api/apis/${id}/url`)).status).toBe(400);
    const stranger = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.client.get(`/api/apis/${id}/url`)).status).toBe(403);
    expect((await api.anonymous.get(`/api/apis/oas/${id}/urls`)).status).toBe(401);
  });
});
