import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anApiDefinition, eventually, textOf, listOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { version } from './version';
import { addApi } from '../../test/configuration';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

describe('what load balancers, scripts and Prometheus ask', () => {
  describe('/hello', () => {
    it('says in Tyk’s shape that everything works', async () => {
      const reply = expectOk(await api.anonymous.get('/hello'));
      expect(reply.json).toEqual({
        status: 'pass',
        version,
        description: 'Castellan',
        details: {
          mongodb: { status: 'pass', componentType: 'datastore', time: expect.any(String) as string },
          redis: { status: 'pass', componentType: 'datastore', time: expect.any(String) as string },
        },
      });
    });

    it('answers HEAD, which bootstrap scripts wait with', async () => {
      const reply = await api.anonymous.call('HEAD', '/hello');
      expect([reply.status, reply.text]).toEqual([200, '']);
    });

    it('names the version of the package', () => {
      const text = readFileSync(join(__dirname, '../../../../package.json'), 'utf8');
      expect(JSON.parse(text)).toMatchObject({ version });
    });
  });

  describe('/health', () => {
    it('lives and is ready', async () => {
      const [live, ready] = [await api.anonymous.get('/health/live'), await api.anonymous.get('/health/ready')];
      expect([live.status, live.json]).toEqual([200, { status: 'ok', checks: {} }]);
      const analytics: unknown = expect.objectContaining({ purger: expect.stringMatching(/^\w+$/) as unknown });
      const report = { status: 'ok', checks: { mongodb: 'ok', redis: 'ok' }, details: { analytics } };
      expect([ready.status, ready.json]).toEqual([200, report]);
    });
  });

  describe('/metrics', () => {
    const figures = async (): Promise<string> => expectOk(await api.anonymous.get('/metrics')).text;

    it('is in the format of Prometheus', async () => {
      const reply = expectOk(await api.anonymous.get('/metrics'));
      expect(reply.headers.get('content-type')).toContain('text/plain');
      for (const line of reply.text.trimEnd().split('\n')) {
        expect(line).toMatch(/^(#.*|[a-zA-Z_:][\w:]*(\{.*\})? \S+|)$/);
      }
    });

    it.each([
      'castellan_http_request_duration_seconds_bucket',
      'castellan_outbox_lag_seconds',
      'castellan_nodes{state="in_sync"',
      'castellan_nodes{state="behind"',
      'castellan_nodes{state="silent"',
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
    ])('has %s', async (name) => {
      expect(await figures()).toContain(`\n${name}`);
    });

    it('counts requests by route and status, and no route by what a caller has made up', async () => {
      const organisation = await api.organisation();
      const created = expectOk(
        await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }),
      );
      const id = textOf(created.json['Meta']);
      await organisation.admin.client.get(`/api/apis/${id}`);
      await api.anonymous.get('/api/apis');
      await api.anonymous.get('/made-up-by-the-caller');
      await eventually(async () => {
        const text = await figures();
        expect(text).toMatch(/_count\{[^}]*method="GET",route="\/api\/apis\/:id",status="200"/);
        expect(text).toMatch(/_count\{[^}]*method="POST",route="\/api\/apis",status="200"/);
        expect(text).toMatch(/_count\{[^}]*method="GET",route="\/api\/apis",status="401"/);
        return true;
      });
      const text = await figures();
      expect(text).not.toContain(id);
      expect(text).not.toContain('made-up-by-the-caller');
    });
  });

  it('tells nothing secret', async () => {
    const paths = ['/hello', '/health/ready', '/metrics'];
    const texts = await Promise.all(paths.map(async (path) => (await api.anonymous.get(path)).text));
    const { adminSecret, nodeSecret, mongodbUri, redisUrl } = api.config;
    for (const text of texts) {
      for (const secret of [adminSecret, nodeSecret, mongodbUri, redisUrl]) expect(text).not.toContain(secret);
    }
  });
});

describe('GET /api/system/stats', () => {
  let organisation: TestOrganisation;

  beforeAll(async () => {
    organisation = await api.organisation();
  });

  const stats = async (query = '') => expectOk(await organisation.admin.client.get(`/api/system/stats${query}`));

  it('counts the APIs of the organisation and the gateways, and says that earlier days are not kept', async () => {
    await addApi(organisation);
    await addApi(organisation, { ...anApiDefinition(), active: false });
    await addApi(await api.organisation());
    expectOk(await api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway-1' } }));
    const { json, headers } = await stats();
    expect([json['status'], json['message']]).toEqual(['OK', '']);
    expect(listOf(json['stats']?.['apis'])).toMatchObject([{ max_usage: 2, max_active_usage: 1 }]);
    expect(listOf(json['stats']?.['dataplanes_gateways'])).toMatchObject([{ max_usage: 1 }]);
    expect(headers.get('x-castellan-notes')).toMatch(/earlier days are not kept/);
    const nobody = await api.organisation();
    const theirs = expectOk(await nobody.admin.client.get('/api/system/stats')).json['stats'];
    expect(listOf(theirs?.['dataplanes_gateways'])).toMatchObject([{ max_usage: 0 }]);
  });

  it('is narrowed by day and entity', async () => {
    const { json } = await stats('?entity=apis&resolution=day&start_day=2020-01-01');
    expect(json['stats']).toMatchObject({ dataplanes: [], dataplanes_gateways: [] });
    expect(listOf(json['stats']?.['apis'])).toHaveLength(1);
    const { client } = organisation.admin;
    const past = await client.get('/api/system/stats?end_day=2020-01-01');
    expect([past.status, past.json['Message']]).toEqual([404, 'Stats not found.']);
    for (const query of ['start_day=yesterday', 'entity=users', 'resolution=hour']) {
      expect((await client.get(`/api/system/stats?${query}`)).status).toBe(400);
    }
  });

  it('asks for the right to read the system', async () => {
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.get('/api/system/stats')).status).toBe(403);
    expect((await api.anonymous.get('/api/system/stats')).status).toBe(401);
  });
});
