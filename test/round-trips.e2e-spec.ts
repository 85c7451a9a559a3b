import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anApiDefinition, aPolicy, textOf, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { CommandCounter, type Cost } from '../apps/api/test/command-counter';
import { addApi, addHook, addPolicy, aHook, type Json } from '../apps/api/test/configuration';
import { anOasApi } from '../apps/api/test/oas-documents';
import { freshDatabaseUri } from './support/test-services';

const file = join(__dirname, '..', 'docs', 'round-trips.md');
const update = process.env['UPDATE_ROUND_TRIPS'] !== undefined;

const [beginning, end] = ['<!-- generated: round trips -->', '<!-- /generated -->'];

/** The rows of the table: the request, and how many commands it sends before its reply and after it. */
const tableIn = (text: string): readonly string[] =>
  (text.split(beginning)[1]?.split(end)[0] ?? '').split('\n').filter((line) => /^\| (?!Request|-)/.test(line));

const write = (rows: readonly string[]): void => {
  const [head = '', rest = ''] = readFileSync(file, 'utf8').split(beginning);
  const widths = rows.map((row) => row.split('|').map((cell) => cell.length));
  const width = Math.max('Request'.length + 2, ...widths.map(([, first = 0]) => first));
  const padded = rows.map((row) => {
    const [, request = '', before = '', after = ''] = row.split('|');
    return `|${request.padEnd(width)}|${before.padStart(18)}|${after.padStart(17)}|`;
  });
  const header = `|${' Request'.padEnd(width)}| Before the reply | After the reply |`;
  const rule = `| ${'-'.repeat(width - 2)} | ---------------: | --------------: |`;
  writeFileSync(file, `${head}${beginning}\n\n${[header, rule, ...padded].join('\n')}\n\n${end}${rest.split(end)[1]}`);
};

describe('round trips to MongoDB', () => {
  let api: ApiUnderTest;
  let counter: CommandCounter;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    const MONGODB_URI = freshDatabaseUri({ monitorCommands: 'true' });
    api = await ApiUnderTest.start({ MONGODB_URI });
    counter = CommandCounter.on(api);
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const ok = async (reply: Promise<Reply>): Promise<Reply> => expectOk(await reply);

  /** Three times, since the look that publishes a change may fall together with one that a timer makes. */
  const costOf = async (call: () => Promise<Reply>): Promise<Cost> => {
    const costs = [await counter.costOf(call), await counter.costOf(call), await counter.costOf(call)];
    return costs.reduce((most, cost) => (cost.before + cost.after > most.before + most.after ? cost : most));
  };

  const measure = async (): Promise<readonly (readonly [request: string, Cost])[]> => {
    const { client } = organisation.admin;
    const rows: [string, Cost][] = [];
    const add = async (request: string, call: () => Promise<Reply>): Promise<void> => {
      rows.push([request, await costOf(() => ok(call()))]);
    };
    let count = 0;
    const changed = (content: Json): Json => ({ ...content, name: `changed ${(count += 1)}` });

    const definition = anApiDefinition();
    const apiId = await addApi(organisation, definition);
    await add('POST /api/apis', () => client.post('/api/apis', { api_definition: anApiDefinition() }));
    await add('PUT /api/apis/{id}', () => client.put(`/api/apis/${apiId}`, { api_definition: changed(definition) }));
    const same = { api_definition: changed(definition) };
    await ok(client.put(`/api/apis/${apiId}`, same));
    await add('PUT /api/apis/{id}, unchanged', () => client.put(`/api/apis/${apiId}`, same));
    await add('POST /api/apis/validate', () =>
      client.post('/api/apis/validate', { api_definition: anApiDefinition() }),
    );
    await add('GET /api/apis/{id}', () => client.get(`/api/apis/${apiId}`));
    const rowId = textOf((await ok(client.get(`/api/apis/${apiId}`))).json['api_definition']?.['id']);
    await add('GET /api/apis/{id}, by database id', () => client.get(`/api/apis/${rowId}`));
    await ok(client.get('/api/apis'));
    await add('GET /api/apis', () => client.get('/api/apis'));
    await addApi(organisation);
    rows.push(['GET /api/apis, after a change', await counter.costOf(() => ok(client.get('/api/apis')))]);
    await add('GET /api/apis/{id}/revisions', () => client.get(`/api/apis/${rowId}/revisions`));
    const doomed = [await addApi(organisation), await addApi(organisation), await addApi(organisation)];
    await add('DELETE /api/apis/{id}', () => client.delete(`/api/apis/${doomed.pop() ?? ''}`));

    const oas = anOasApi();
    const oasId = textOf((await ok(client.post('/api/apis/oas', oas))).json['ID']);
    await add('POST /api/apis/oas', () => client.post('/api/apis/oas', anOasApi()));
    await add('GET /api/apis/oas/{id}', () => client.get(`/api/apis/oas/${oasId}`));

    const policy = aPolicy([apiId]);
    const policyId = await addPolicy(organisation, [apiId], policy);
    await add('POST /api/portal/policies', () => client.post('/api/portal/policies', aPolicy([apiId])));
    await add('PUT /api/portal/policies/{id}', () => client.put(`/api/portal/policies/${policyId}`, changed(policy)));
    const samePolicy = changed(policy);
    await ok(client.put(`/api/portal/policies/${policyId}`, samePolicy));
    await add('PUT /api/portal/policies/{id}, unchanged', () =>
      client.put(`/api/portal/policies/${policyId}`, samePolicy),
    );
    await add('GET /api/portal/policies/{id}', () => client.get(`/api/portal/policies/${policyId}`));
    await add('GET /api/portal/policies', () => client.get('/api/portal/policies'));

    const hook = aHook();
    const hookId = await addHook(organisation, hook);
    await add('POST /api/hooks', () => client.post('/api/hooks', aHook()));
    await add('PUT /api/hooks/{id}', () => client.put(`/api/hooks/${hookId}`, changed(hook)));
    await add('GET /api/hooks/{id}', () => client.get(`/api/hooks/${hookId}`));
    await add('GET /api/hooks', () => client.get('/api/hooks'));

    await add('GET /api/audit-logs', () => client.get('/api/audit-logs'));
    // Once after the changes above: who reads again what nodes are served does it for whoever else asks just then.
    await ok(client.get('/api/system/nodes'));
    await add('GET /api/system/nodes', () => client.get('/api/system/nodes'));
    await add('GET /admin/organisations/{id}', () => api.admin.get(`/admin/organisations/${organisation.id}`));
    await add('GET /admin/organisations', () => api.admin.get('/admin/organisations'));
    await add('GET /admin/users/{id}', () => api.admin.get(`/admin/users/${organisation.admin.id}`));
    await add('GET /admin/users', () => api.admin.get('/admin/users'));
    const node = await ok(api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway-1' } }));
    const headers = {
      'x-tyk-nodeid': textOf(node.json['Message']?.['NodeID']),
      'x-tyk-nonce': textOf(node.json['Nonce']),
    };
    await add('GET /register/ping', () => api.node.get('/register/ping', { headers }));
    await add('GET /system/apis', () => api.node.get('/system/apis', { headers }));
    return rows;
  };

  it('are those of docs/round-trips.md', async () => {
    const measured = await measure();
    const rows = measured.map(([request, { before, after }]) => `| \`${request}\` | ${before} | ${after} |`);
    if (update) write(rows);
    if (process.env['SHOW_COMMANDS'] !== undefined) {
      process.stdout.write(
        `${measured.map(([request, { commands }]) => [request, ...commands].join('\n  ')).join('\n')}\n`,
      );
    }
    const spaced = (row: string): string => row.replaceAll(/ +/g, ' ');
    expect(rows).toEqual(tableIn(readFileSync(file, 'utf8')).map(spaced));
  });
});
