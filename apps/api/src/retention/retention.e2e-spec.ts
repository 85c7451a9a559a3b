import { getConnectionToken } from '@nestjs/mongoose';
import { Types, type Connection } from 'mongoose';
import { Clock } from '@castellan/observability';
import { type AuditRow } from '@castellan/persistence';
import {
  anApiDefinition,
  eventually,
  listOf,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { AuditPruner } from './audit-pruner';
import { RevisionPruner } from './revision-pruner';

const always = (): Promise<boolean> => Promise.resolve(true);
const dayMs = 24 * 3_600 * 1_000;

/** Puts the API's clock forward by that many days. */
const clockAt = (api: ApiUnderTest, days: number): void => {
  jest.spyOn(api.app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + days * dayMs));
};

const create = async ({ admin }: TestOrganisation): Promise<string> =>
  textOf(expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() })).json['Meta']);

const change = async ({ admin }: TestOrganisation, id: string, times = 1): Promise<void> => {
  for (let n = 0; n < times; n += 1) {
    const body = { api_definition: anApiDefinition({ name: unique('name') }) };
    expectOk(await admin.client.put(`/api/apis/${id}`, body));
  }
};

const started: ApiUnderTest[] = [];
const start = async (settings: Record<string, string>): Promise<ApiUnderTest> => {
  const api = await ApiUnderTest.start({ AUDIT_SETTLE_MS: '0', ...settings });
  started.push(api);
  return api;
};

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(started.splice(0).map((api) => api.stop()));
});

describe('retention of audit records', () => {
  const audit = (api: ApiUnderTest) => api.app.get<Connection>(getConnectionToken()).collection<AuditRow>('audit');
  const prune = (api: ApiUnderTest): Promise<void> => api.app.get(AuditPruner).pruneAll(always);
  const verify = async (client: HttpClient): Promise<JsonReply> =>
    expectOk(await client.get('/api/audit-logs/verify')).json;

  const sealed = (client: HttpClient, count: number): Promise<unknown> =>
    eventually(async () => (await verify(client))['sealed_up_to'] === (count as unknown), {
      describe: `${count} sealed records`,
    });

  const places = async (client: HttpClient): Promise<unknown[]> =>
    listOf(expectOk(await client.get('/api/audit-logs?p=-1')).json['audit_logs']).map((record) => record['sequence']);

  it('deletes what is older than the days, and the chain stays valid', async () => {
    const api = await start({ AUDIT_DAYS: '2' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    await create(organisation);
    await sealed(client, 3);
    clockAt(api, 1.5);
    await create(organisation);
    await sealed(client, 4);
    clockAt(api, 1.9);
    await prune(api);
    expect(await places(client)).toEqual([4, 3, 2, 1]);

    clockAt(api, 2.1);
    await prune(api);
    expect(await places(client)).toEqual([4]);
    expect(await verify(client)).toMatchObject({ valid: true, checked: 1, sealed_up_to: 4, pruned_up_to: 3 });
    expect(expectOk(await client.get('/api/audit-logs')).json['pages']).toBe(1);
  });

  it('goes on when nothing is left, and with the records after that', async () => {
    const api = await start({ AUDIT_DAYS: '1' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    await sealed(client, 2);
    clockAt(api, 3);
    await prune(api);
    expect(await verify(client)).toMatchObject({ valid: true, checked: 0, sealed_up_to: 2, pruned_up_to: 2 });

    await create(organisation);
    await sealed(client, 3);
    expect(await verify(client)).toMatchObject({ valid: true, checked: 1, sealed_up_to: 3, pruned_up_to: 2 });
    clockAt(api, 5);
    await prune(api);
    expect(await verify(client)).toMatchObject({ valid: true, checked: 0, pruned_up_to: 3 });
  });

  it('is told apart from a deletion', async () => {
    const api = await start({ AUDIT_DAYS: '1' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    await sealed(client, 2);
    clockAt(api, 3);
    await create(organisation);
    await sealed(client, 3);
    await prune(api);
    await audit(api).deleteMany({ orgId: new Types.ObjectId(organisation.id) });
    expect(await verify(client)).toMatchObject({
      valid: false,
      pruned_up_to: 2,
      first_break: { sequence: 3, id: null, problem: 'truncated' },
    });
  });

  it('does not sweep a break away', async () => {
    const api = await start({ AUDIT_DAYS: '1' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    await create(organisation);
    await create(organisation);
    await sealed(client, 4);
    const orgId = new Types.ObjectId(organisation.id);
    await audit(api).updateOne({ orgId, sequence: 3 }, { $set: { ip: '192.0.2.1' } });
    clockAt(api, 3);
    await prune(api);
    expect(await places(client)).toEqual([4, 3]);
    expect((await verify(client))['first_break']).toMatchObject({ sequence: 3, problem: 'changed' });
  });

  it('leaves what is not sealed yet, however old', async () => {
    const api = await start({ AUDIT_DAYS: '1', AUDIT_SETTLE_MS: '3600000' });
    const { admin } = await api.organisation();
    clockAt(api, 3);
    // The sealer goes by this, and to it everything is still young.
    jest.spyOn(api.app.get(Clock), 'millis').mockReturnValue(0);
    await prune(api);
    expect(await places(admin.client)).toEqual([null, null]);
  });

  it('takes many batches, and two who do it at once', async () => {
    const api = await start({ AUDIT_DAYS: '1' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    await sealed(client, 2);
    const template = await audit(api).findOne({ orgId: new Types.ObjectId(organisation.id) });
    if (template === null) throw new Error('There is no record');
    const { orgId, at, actor, ...rest } = template;
    const { action, method, path, status, ip, requestId, reason, refusal, changes, diff } = rest;
    const content = { action, method, path, status, ip, requestId, reason, refusal, changes, diff };
    const unsealed = { orgId, at, actor, ...content, pending: true as const };
    await audit(api).insertMany(Array.from({ length: 500 }, () => ({ ...unsealed, _id: new Types.ObjectId() })));
    await sealed(client, 502);
    clockAt(api, 3);
    await Promise.all([prune(api), prune(api)]);
    expect(await verify(client)).toMatchObject({ valid: true, checked: 0, sealed_up_to: 502, pruned_up_to: 502 });
    expect(await places(client)).toEqual([]);
  });

  it('deletes nothing when no days are set', async () => {
    const api = await start({});
    const { admin } = await api.organisation();
    await sealed(admin.client, 2);
    clockAt(api, 36_000);
    await prune(api);
    expect(await places(admin.client)).toEqual([2, 1]);
  });
});

describe('retention of revisions', () => {
  const prune = (api: ApiUnderTest): Promise<void> => api.app.get(RevisionPruner).pruneAll(always);

  const revisions = async ({ admin }: TestOrganisation, id: string): Promise<unknown[]> =>
    listOf(expectOk(await admin.client.get(`/api/apis/${id}/revisions?p=-1`)).json['revisions']).map(
      (revision) => revision['revision'],
    );

  it('keeps the newest of each resource', async () => {
    const api = await start({ REVISIONS_KEPT: '3' });
    const organisation = await api.organisation();
    const [often, seldom] = [await create(organisation), await create(organisation)];
    await change(organisation, often, 5);
    await change(organisation, seldom, 1);
    await prune(api);
    expect(await revisions(organisation, often)).toEqual([6, 5, 4]);
    expect(await revisions(organisation, seldom)).toEqual([2, 1]);

    await change(organisation, often, 1);
    await prune(api);
    expect(await revisions(organisation, often)).toEqual([7, 6, 5]);
  });

  it('is no limit on writing', async () => {
    const api = await start({ REVISIONS_KEPT: '1' });
    const organisation = await api.organisation();
    const id = await create(organisation);
    await change(organisation, id, 4);
    expect(await revisions(organisation, id)).toEqual([5, 4, 3, 2, 1]);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([5]);
  });

  it('keeps the young ones too, and lets them go when they are old', async () => {
    const api = await start({ REVISIONS_KEPT: '2', REVISIONS_DAYS: '10' });
    const organisation = await api.organisation();
    const id = await create(organisation);
    await change(organisation, id, 2);
    clockAt(api, 5);
    await change(organisation, id, 2);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([5, 4, 3, 2, 1]);
    clockAt(api, 11);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([5, 4]);
    await change(organisation, id, 1);
    await prune(api);
    // The fourth is beyond the newest two now, and six days old.
    expect(await revisions(organisation, id)).toEqual([6, 5, 4]);
    clockAt(api, 16);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([6, 5]);
  });

  it('lets old ones go when a newer one pushes them out', async () => {
    const api = await start({ REVISIONS_KEPT: '2', REVISIONS_DAYS: '10' });
    const organisation = await api.organisation();
    const id = await create(organisation);
    await change(organisation, id, 1);
    clockAt(api, 20);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([2, 1]);
    await change(organisation, id, 1);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([3, 2]);
  });

  it('leaves what a restore needs', async () => {
    const api = await start({ REVISIONS_KEPT: '1' });
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    const id = await create(organisation);
    await change(organisation, id, 3);
    const { json: before } = expectOk(await client.get(`/api/apis/${id}`));
    expectOk(await client.delete(`/api/apis/${id}`));
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([5, 4]);

    expectOk(await client.post(`/api/apis/${id}/restore`));
    const { json: after } = expectOk(await client.get(`/api/apis/${id}`));
    expect(after['api_definition']).toEqual(before['api_definition']);
    await prune(api);
    expect(await revisions(organisation, id)).toEqual([6]);
  });

  it('looks at everything again under other settings, and is right when two replicas do it at once', async () => {
    const first = await start({ REVISIONS_KEPT: '4' });
    const organisation = await first.organisation();
    const id = await create(organisation);
    await change(organisation, id, 5);
    await prune(first);
    expect(await revisions(organisation, id)).toEqual([6, 5, 4, 3]);

    const database = new URL(first.config.mongodbUri).pathname.slice(1);
    const again = { REVISIONS_KEPT: '2', DATABASE: database };
    const [second, third] = [await start(again), await start(again)];
    await Promise.all([prune(second), prune(third)]);
    expect(await revisions(organisation, id)).toEqual([6, 5]);
  });

  it('comes to whoever waits, in the background', async () => {
    const database = `castellan_${unique('retention')}`;
    const first = await start({ DATABASE: database });
    const organisation = await first.organisation();
    const id = await create(organisation);
    await change(organisation, id, 3);
    await first.stop();
    started.splice(0);
    const second = await start({ DATABASE: database, REVISIONS_KEPT: '1' });
    const { client } = { client: second.anonymous.with({ authorization: organisation.admin.accessKey }) };
    const moved = { ...organisation, admin: { ...organisation.admin, client } };
    await eventually(async () => (await revisions(moved, id)).length === 1);
  });
});
