import { anApiDefinition, listOf, textOf, type HttpClient, type JsonReply, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { addHook } from '../apps/api/test/configuration';

/** An operation of the published document. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly permission: string;
  readonly parameters: readonly JsonReply[];
}

const someId = '000000000000000000000000';

/** Routes on which callers are known to add what means nothing here: probes, and identity providers that send a browser back. */
const tolerant = ['/hello', '/health/live', '/health/ready', '/metrics', `/sso/oidc/${someId}/callback`];

describe('every route but those of gateways', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let operations: readonly Operation[];

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '100000' });
    organisation = await api.organisation();
    const { json } = expectOk(await api.anonymous.get('/openapi.json'));
    operations = Object.entries(json['paths'] ?? {})
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, someId),
          permission: textOf(operation['x-permission']),
          parameters: listOf(operation['parameters'] ?? []).filter((one) => textOf(one['in']) === 'query'),
        })),
      )
      .filter(({ path, permission }) => permission !== 'node' && !tolerant.includes(path));
  });
  afterAll(() => api.stop());

  const clientOf = ({ permission }: Operation): HttpClient =>
    ({ operator: api.admin, public: api.anonymous })[permission] ?? organisation.admin.client;
  const ask = (operation: Operation, query: string): Promise<Reply> => {
    const { method, path } = operation;
    return clientOf(operation).call(method, `${path}?${query}`, method === 'GET' ? {} : { body: {} });
  };
  /** Right values of what has to be said in any case, so that the parameter in question is what is refused. */
  const requiredBeside = ({ parameters }: Operation, name: string): string =>
    parameters
      .filter(({ required, name: other }) => JSON.stringify(required) === 'true' && textOf(other) !== name)
      .map((one) => `${textOf(one['name'])}=${textOf(one['schema']?.['type']) === 'integer' ? '1' : someId}&`)
      .join('');
  const refusedParameter = ({ status, json }: Reply): string =>
    status === 400 ? textOf(listOf(json['Errors'])[0]?.['path']) : `${status}`;

  it('refuses a parameter that it does not know, and names it', async () => {
    expect(operations.length).toBeGreaterThan(60);
    const wrong: string[] = [];
    for (const operation of operations) {
      const refused = refusedParameter(await ask(operation, 'surely_unknown=1'));
      if (refused !== 'surely_unknown') wrong.push(`${operation.method} ${operation.path}: ${refused}`);
    }
    expect(wrong).toEqual([]);
  });

  it('refuses a value that is none of those it has published, and names the parameter', async () => {
    const wrong: string[] = [];
    let asked = 0;
    for (const operation of operations) {
      for (const { name, schema } of operation.parameters) {
        const type = textOf(schema?.['type']);
        if (type === 'string' && schema?.['enum'] === undefined) continue;
        asked += 1;
        const others = requiredBeside(operation, textOf(name));
        const refused = refusedParameter(await ask(operation, `${others}${textOf(name)}=~wrong~`));
        if (refused !== textOf(name)) wrong.push(`${operation.method} ${operation.path} ${textOf(name)}: ${refused}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(30);
  });

  it('refuses a parameter that is given twice', async () => {
    const { client } = organisation.admin;
    expect(refusedParameter(await client.get('/api/apis?p=1&p=2'))).toBe('p');
  });

  it('publishes pages as whole numbers and switches as booleans', () => {
    const typesOf = (name: string): string[] => [
      ...new Set(
        operations
          .flatMap(({ parameters }) => parameters)
          .filter((one) => textOf(one['name']) === name)
          .map(({ schema }) => textOf(schema?.['type'])),
      ),
    ];
    expect(typesOf('p')).toEqual(['integer']);
    for (const name of ['force', 'purge', 'prune', 'dryRun', 'download', 'compressed']) {
      expect([name, typesOf(name)]).toEqual([name, ['boolean']]);
    }
  });

  it('takes force=1 for what it says', async () => {
    const organisation = await api.organisation();
    const hook = await addHook(organisation);
    const definition = anApiDefinition();
    const { client } = organisation.admin;
    const referring = {
      api_definition: definition,
      hook_references: [{ event_name: 'AuthFailure', event_timeout: 60, hook: { id: hook } }],
    };
    expectOk(await client.post('/api/apis', referring));
    expect((await client.delete(`/api/hooks/${hook}?force=0`)).status).toBe(409);
    expect(refusedParameter(await client.delete(`/api/hooks/${hook}?force=`))).toBe('force');
    expectOk(await client.delete(`/api/hooks/${hook}?force=1`));
  });

  it('knows public routes among them', () => {
    const open = operations.filter(({ permission }) => permission === 'public').map(({ path }) => path);
    expect(open).toEqual(
      expect.arrayContaining(['/login', '/logout', '/tap', '/api/setup', `/sso/oidc/${someId}/login`]),
    );
  });

  it('lets gateways, probes and identity providers send what they like', async () => {
    for (const path of tolerant) {
      expect([path, refusedParameter(await api.anonymous.get(`${path}?surely_unknown=1`))]).not.toEqual([
        path,
        'surely_unknown',
      ]);
    }
    expectOk(await api.anonymous.get('/hello?probe=1'));
    // A provider that begins the login itself says who it is, and whom it is about.
    const begun = await api.anonymous.get(`/sso/oidc/${someId}/login?iss=https://idp.example&login_hint=ada`);
    expect(begun.status).toBe(404);
    expectOk(await api.node.get('/register/node?group=edge', { headers: { 'x-tyk-hostname': 'gateway' } }));
  });
});
