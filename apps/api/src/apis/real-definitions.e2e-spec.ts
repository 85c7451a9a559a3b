import {
  isJsonObject,
  objectAt,
  parseJson,
  textAt,
  toNodeDocument,
  TYK_EXTENSION,
  type JsonObject,
} from '@castellan/tyk';
import { NodeSimulator, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { omit } from './wrapper';
import { fixtures } from '../../../../test/fixtures/load';

const parse = (text: string): JsonObject => {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error('A fixture holds no object');
  return value;
};

const documents = fixtures('definitions').map(({ file, document }) => [file, document] as const);
const classic = documents.filter(([, document]) => Object.hasOwn(document, 'api_definition'));
const oas = documents.filter(([, document]) => Object.hasOwn(document, 'openapi'));

/** Without what Castellan decides (docs/tyk/management.md#apis). */
const withoutOwned = (wrapper: JsonObject, id: string, organisation: string): JsonObject => {
  const rest = omit(wrapper, 'created_at', 'updated_at', 'version');
  const definition = { ...objectAt(rest, 'api_definition'), id, org_id: organisation };
  return { ...rest, api_definition: definition };
};

const withoutOwnedInfo = (document: JsonObject): JsonObject => {
  const extension = objectAt(document, TYK_EXTENSION);
  const info = omit(objectAt(extension, 'info'), 'id', 'dbId', 'orgId');
  return { ...document, [TYK_EXTENSION]: { ...extension, info } };
};

describe('API definitions of installations', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  const created = new Map<string, { id: string; apiId: string }>();

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation({ allow_duplicate_slugs: true });
    for (const [file, document] of documents) {
      const path = Object.hasOwn(document, 'openapi') ? '/api/apis/oas' : '/api/apis';
      const { json } = expectOk(await organisation.admin.client.post(path, document));
      created.set(file, { id: textOf(json['Meta']), apiId: textOf(json['ID']) });
    }
  });
  afterAll(() => api.stop());

  const idsOf = (file: string): { id: string; apiId: string } => {
    const ids = created.get(file);
    if (ids === undefined) throw new Error(`${file} was not created`);
    return ids;
  };

  it('are of both kinds', () => {
    expect(classic.length).toBeGreaterThanOrEqual(18);
    expect(oas.length).toBeGreaterThanOrEqual(8);
  });

  it.each(classic)('%s comes back field for field', async (file, document) => {
    const { id, apiId } = idsOf(file);
    expect(apiId).toBe(textAt(document, 'api_definition', 'api_id'));
    const reply = expectOk(await organisation.admin.client.get(`/api/apis/${apiId}`));
    const read = withoutOwned(parse(reply.text), id, organisation.id);
    expect(read).toEqual(withoutOwned(document, id, organisation.id));
  });

  it.each(oas)('%s comes back field for field', async (file, document) => {
    const { id, apiId } = idsOf(file);
    const read = parse(expectOk(await organisation.admin.client.get(`/api/apis/oas/${apiId}`)).text);
    expect(objectAt(read, TYK_EXTENSION, 'info')).toMatchObject({ id: apiId, dbId: id, orgId: organisation.id });
    expect(withoutOwnedInfo(read)).toEqual(withoutOwnedInfo(document));
  });

  it.each(documents)('%s written again as it was read changes nothing', async (file, document) => {
    const { id } = idsOf(file);
    const path = Object.hasOwn(document, 'openapi') ? `/api/apis/oas/${id}` : `/api/apis/${id}`;
    const { text } = expectOk(await organisation.admin.client.get(path));
    const written = expectOk(await organisation.admin.client.put(path, text));
    expect(written.headers.get('etag')).toBe('"1"');
  });

  it.each(['v3', 'v5'] as const)(
    'reach a %s gateway as they are stored, documents in the words of nodes',
    async (profile) => {
      const node = new NodeSimulator({
        dashboardUrl: api.url,
        nodeSecret: api.config.nodeSecret,
        gatewaySecret: 'gateway-secret',
        profile,
        startRetryMs: 50,
        healthCheckMs: 0,
      });
      try {
        await node.start();
        await node.waitFor(() => node.loadedApis.size > 0);
        for (const [file] of documents) {
          const { id, apiId } = idsOf(file);
          const stored = parse(expectOk(await organisation.admin.client.get(`/api/apis/${id}`)).text);
          expect(node.loadedApis.get(apiId)).toEqual(stored['api_definition']);
          const document = stored['oas'];
          const served = isJsonObject(document) ? toNodeDocument(document).document : null;
          if (profile === 'v5') expect(node.loadedOas.get(apiId) ?? null).toEqual(served);
        }
        expect(node.loadedApis.size).toBe(documents.length);
        expect(node.eventsOf('undecodable')).toEqual([]);
      } finally {
        await node.kill();
      }
    },
  );
});
