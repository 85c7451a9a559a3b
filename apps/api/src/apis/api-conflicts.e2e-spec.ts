import { anApiDefinition, listOf, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi } from '../../test/oas-documents';

const fieldsOf = ({ json }: Reply): unknown[] => listOf(json['Errors']).map(({ path }) => path);

/** Where two APIs listen, and whether they are in each other's way. */
const matrix: readonly (readonly [what: string, one: object, other: object, clash: boolean])[] = [
  ['nothing but the path', {}, {}, true],
  ['a slash more or less', {}, { proxy: { slash: true } }, true],
  ['one of them being inactive', {}, { active: false }, false],
  ['different domains', { domain: 'a.example' }, { domain: 'b.example' }, false],
  ['the same domain in capitals', { domain: 'a.example' }, { domain: 'A.EXAMPLE' }, true],
  [
    'the same international domain in capitals',
    { domain: 'xn--bcher-kva.example' },
    { domain: 'XN--Bcher-KVA.Example' },
    true,
  ],
  ['a domain and none', { domain: 'a.example' }, {}, false],
  ['a domain that is switched off and none', { domain: 'a.example', domain_disabled: true }, {}, true],
  ['different ports', { listen_port: 8081 }, { listen_port: 8082 }, false],
  ['the same port', { listen_port: 8081 }, { listen_port: 8081 }, true],
  ['a port and none', { listen_port: 8081 }, {}, false],
  ['disjoint tags', { tags: ['eu'] }, { tags: ['us'] }, false],
  ['a tag in common', { tags: ['eu', 'edge'] }, { tags: ['us', 'edge'] }, true],
  ['tags and none', { tags: ['eu'] }, {}, true],
  ['none and tags', {}, { tags: ['eu'] }, true],
  ['tags and tags that are switched off', { tags: ['eu'] }, { tags: ['us'], tags_disabled: true }, true],
  [
    'tags that are switched off twice',
    { tags: ['a'], tags_disabled: true },
    { tags: ['b'], tags_disabled: true },
    true,
  ],
  ['domains that differ in the name of a variable', { domain: '{a}.v.example' }, { domain: '{b}.v.example' }, true],
  ['tags and none on different domains', { tags: ['eu'], domain: 'a.example' }, { domain: 'b.example' }, false],
];

describe('API definitions that are in each other’s way', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const send = (definition: object, client = organisation.admin.client): Promise<Reply> =>
    client.post('/api/apis', { api_definition: anApiDefinition({ ...definition }) });

  const on = (path: string, place: object): object => {
    const { proxy, ...rest } = place as { proxy?: { slash?: boolean } };
    return { ...rest, proxy: { listen_path: proxy?.slash === true ? path : `${path}/` } };
  };

  it.each(matrix)('%s', async (_, one, other, clash) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      const path = `/${unique('path')}`;
      const created = expectOk(await send(on(path, first)));
      const reply = await send(on(path, second));
      expect(reply.status).toBe(clash ? 409 : 200);
      if (!clash) continue;
      expect(reply.json['Code']).toBe('listen_path_conflict');
      expect(reply.json['Meta']).toMatchObject({ id: created.json['Meta'], api_id: created.json['ID'] });
    }
  });

  it('are none that can be seen where gateways look the address up, which the reply says', async () => {
    const address = { proxy: { listen_path: 'secrets://path', target_url: 'vault://target' } };
    const path = 'api_definition.proxy.listen_path';
    for (const reply of [await send(address), await send(address)]) {
      expectOk(reply);
      expect(JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]')).toEqual([
        { path, message: 'is looked up by gateways, so conflicts with other APIs cannot be seen here' },
      ]);
    }
    for (const field of ['listen_path', 'target_url']) {
      const named = { proxy: { ...address.proxy, [field]: `$secret_conf.${unique('place')}` } };
      expect(expectOk(await send(named)).headers.get('x-castellan-notes')).toContain(
        'conflicts with other APIs cannot be seen',
      );
    }
    const document = {
      openapi: '3.0.3',
      info: { title: 'Looked up', version: '1' },
      paths: {},
      'x-tyk-api-gateway': {
        info: { name: unique('api'), state: { active: true } },
        upstream: { url: 'http://127.0.0.1:1/' },
        server: { listenPath: { value: 'env://LISTEN', strip: true } },
      },
    };
    const oas = expectOk(await organisation.admin.client.post('/api/apis/oas', document));
    expect(oas.headers.get('x-castellan-notes')).toContain('x-tyk-api-gateway.server.listenPath.value');
    document['x-tyk-api-gateway'].server.listenPath.value = '$secret_env.LISTEN';
    const secret = expectOk(await organisation.admin.client.post('/api/apis/oas', document));
    expect(secret.headers.get('x-castellan-notes')).toContain('names a secret');
  });

  it.each([
    [{ proxy: { listen_path: '/a?b' } }, 'proxy.listen_path'],
    [{ proxy: { listen_path: '/a/../b/' } }, 'proxy.listen_path'],
    [{ proxy: { listen_path: '/a/{id:[}/' } }, 'proxy.listen_path'],
    [{ domain: 'https://a.example' }, 'domain'],
    [{ domain: '*.a.example' }, 'domain'],
    [{ domain: 'bücher.example' }, 'domain'],
  ])('are refused when nothing would ever reach them: %j', async (address, field) => {
    const reply = await send(address);
    expect([reply.status, reply.json['Errors']]).toMatchObject([400, [{ path: `api_definition.${field}` }]]);
  });

  it('where their paths differ in nothing but the names of variables', async () => {
    const path = `/${unique('path')}`;
    expectOk(await send({ proxy: { listen_path: `${path}/{id}/` } }));
    const reply = await send({ proxy: { listen_path: `${path}/{key}` } });
    expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
    expectOk(await send({ proxy: { listen_path: `${path}/{key:[0-9]+}` } }));
  });

  it('where a domain is written in letters or in its ASCII form, in any document, and not where the case of paths differs', async () => {
    const word = unique('Path');
    const at = (path: string, domain = 'xn--bcher-kva.example') => send({ domain, proxy: { listen_path: path } });
    const oas = (domain: string) => {
      const server = { listenPath: { value: `/${word}`, strip: true }, customDomain: { enabled: true, name: domain } };
      return organisation.admin.client.post('/api/apis/oas', anOasApi({ server }));
    };
    expectOk(await at(`/${word}/`));
    expect((await oas('xn--bcher-kva.example')).json['Code']).toBe('listen_path_conflict');
    expect((await oas('XN--BCHER-KVA.EXAMPLE')).json['Code']).toBe('listen_path_conflict');
    // Clients send no other form, so nothing else is taken, and the reply says what to write.
    for (const reply of [await at(`/${word}/`, 'bücher.example'), await oas('BÜCHER.example')]) {
      expect(reply.status).toBe(400);
      expect(textOf(listOf(reply.json['Errors'])[0]?.['message'])).toMatch(/write "xn--bcher-kva\.example"/i);
    }
    expectOk(await at(`/${word.toUpperCase()}/`));
  });

  it('where they are services of one port, which know no paths', async () => {
    const service = (listen_port: number, domain = ''): object => ({
      ...{ protocol: 'tcp', listen_port, domain },
      proxy: { listen_path: `/${unique('path')}/`, target_url: 'tcp://127.0.0.1:1' },
    });
    expectOk(await send(service(9_101)));
    expect((await send(service(9_101))).json['Code']).toBe('listen_path_conflict');
    expectOk(await send(service(9_102)));
    expectOk(await send(service(9_101, 'db.example.org')));
  });

  it('also when an update makes them so, which then changes nothing', async () => {
    const path = `/${unique('path')}/`;
    expectOk(await send({ tags: ['eu'], proxy: { listen_path: path } }));
    const other = expectOk(await send({ tags: ['us'], proxy: { listen_path: path } }));
    const id = textOf(other.json['Meta']);
    const definition = anApiDefinition({ proxy: { listen_path: path } });
    const reply = await organisation.admin.client.put(`/api/apis/${id}`, { api_definition: definition });
    expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
    expect(withVersion(await organisation.admin.client.get(`/api/apis/${id}`))['version']).toBe(1);
  });

  it('where gateways serve an API at its api_id too', async () => {
    const apiId = unique('id');
    expectOk(await send({ api_id: apiId }));
    const reply = await send({ proxy: { listen_path: `/${apiId}/` } });
    expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
    const path = unique('path');
    expectOk(await send({ proxy: { listen_path: `/${path}/` } }));
    expect((await send({ api_id: path })).json['Code']).toBe('listen_path_conflict');
  });

  it('and one may update itself in place', async () => {
    const definition = anApiDefinition({ tags: ['eu'] });
    const created = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    const changed = { api_definition: { ...definition, tags: ['eu', 'us'], active: true } };
    expectOk(await organisation.admin.client.put(`/api/apis/${textOf(created.json['Meta'])}`, changed));
    expectOk(
      await organisation.admin.client.put(`/api/apis/${textOf(created.json['Meta'])}`, {
        api_definition: { ...definition, tags: [] },
      }),
    );
  });

  it('of two that come in the same instant, one with tags and one without, exactly one is taken', async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = `/${unique('path')}/`;
      const replies = await Promise.all([
        send({ proxy: { listen_path: path } }),
        send({ tags: ['eu'], proxy: { listen_path: path } }),
      ]);
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    }
  });

  it('name nothing of another organisation’s API', async () => {
    const path = `/${unique('path')}/`;
    const { json } = expectOk(await send({ tags: ['eu'], proxy: { listen_path: path } }));
    const stranger = await api.organisation();
    const reply = await send({ proxy: { listen_path: path } }, stranger.admin.client);
    expect([reply.status, reply.json['Code'], reply.json['Meta']]).toEqual([409, 'listen_path_conflict', null]);
    expect(reply.text).not.toContain(textOf(json['ID']));
    const sameId = await send({ api_id: textOf(json['ID']) }, stranger.admin.client);
    expect([sameId.status, sameId.json['Code'], sameId.json['Meta']]).toEqual([409, 'id_conflict', null]);
  });

  it('by their api_id, which is said first whatever else they share', async () => {
    const definition = anApiDefinition({ api_id: unique('id') });
    const created = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    const reply = await organisation.admin.client.post('/api/apis', { api_definition: definition });
    expect(reply.status).toBe(409);
    expect(reply.json).toMatchObject({
      Status: 'Error',
      Message: 'Found API with the same ID',
      Code: 'id_conflict',
      Meta: { id: created.json['Meta'], api_id: created.json['ID'] },
    });
  });

  it('by an api_id that is the database id of another, as requests name APIs by either', async () => {
    const { client } = organisation.admin;
    const holder = textOf(expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() })).json['Meta']);
    const other = textOf(expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() })).json['Meta']);
    const body = { api_definition: anApiDefinition({ api_id: holder.toUpperCase() }) };
    for (const reply of [await client.post('/api/apis', body), await client.put(`/api/apis/${other}`, body)]) {
      expect([reply.status, reply.json['Code'], reply.json['Meta']?.['id']]).toEqual([409, 'id_conflict', holder]);
    }
  });

  it('promise 6: with APIs of other organisations, which can be no versions here, whoever is first', async () => {
    const stranger = await api.organisation();
    const theirs = textOf(expectOk(await send({}, stranger.admin.client)).json['ID']);
    const listing = (apiId: string) => ({
      definition: { enabled: true, name: 'v1', default: 'self', versions: { v2: apiId } },
    });
    const where = 'api_definition.definition.versions';
    const refused = await send(listing(theirs));
    expect([refused.status, fieldsOf(refused)]).toEqual([400, [where]]);
    const imported = await organisation.admin.client.post('/api/import', {
      apis: [{ api_definition: anApiDefinition({ ...listing(theirs), api_id: unique('id') }) }],
    });
    expect([imported.status, fieldsOf(imported)]).toEqual([400, [`apis[0].${where}`]]);
    expect(imported.text).not.toContain(stranger.id);

    // Tools send a base before its versions, so an id that nobody has yet is taken, and then kept.
    const mine = unique('version');
    expectOk(await send(listing(mine)));
    const squatting = await send({ api_id: mine }, stranger.admin.client);
    expect([squatting.status, squatting.json['Code']]).toEqual([409, 'id_conflict']);
    const body = { apis: [{ api_definition: anApiDefinition({ api_id: mine }) }] };
    expect((await stranger.admin.client.post('/api/import', body)).json['Code']).toBe('id_conflict');
    expectOk(await send({ api_id: mine }));
  });

  it('by their slug, unless the organisation allows it', async () => {
    const slug = unique('slug');
    const { json } = expectOk(await send({ slug }));
    const reply = await send({ slug: slug.toUpperCase() });
    expect([reply.status, reply.json['Code']]).toEqual([409, 'slug_conflict']);
    expect(reply.json['Meta']).toMatchObject({ api_id: json['ID'] });
    expectOk(await send({ slug: '' }));
    expectOk(await send({ slug: '' }));
    const lax = await api.organisation({ allow_duplicate_slugs: true });
    expectOk(await send({ slug }, lax.admin.client));
    expectOk(await send({ slug }, lax.admin.client));
  });

  it('may share everything but the api_id where the organisation allows duplicate paths', async () => {
    const lax = await api.organisation({ allow_duplicate_listen_paths: true });
    const path = `/${unique('path')}/`;
    expectOk(await send({ proxy: { listen_path: path } }, lax.admin.client));
    expectOk(await send({ proxy: { listen_path: path } }, lax.admin.client));
    expectOk(await send({ tags: ['eu'], proxy: { listen_path: path } }, lax.admin.client));
  });
});
