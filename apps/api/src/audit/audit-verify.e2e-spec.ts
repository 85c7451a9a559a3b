import { randomBytes } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import { Types, type Connection } from 'mongoose';
import { AuditLedger, sealOf, toOrganisationId, type AuditChainRow, type AuditRow } from '@castellan/persistence';
import { eventually, numberOf, textOf, type HttpClient, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { aHook } from '../../test/configuration';

/** Records are sealed at once. */
const settings = { AUDIT_SETTLE_MS: '0' };

const verify = async (client: HttpClient): Promise<JsonReply> =>
  expectOk(await client.get('/api/audit-logs/verify')).json;

const write = async (client: HttpClient, times: number): Promise<void> => {
  for (let n = 0; n < times; n += 1) {
    expectOk(await client.post('/api/hooks', aHook()));
  }
};

const sealed = async (client: HttpClient, count: number): Promise<JsonReply> =>
  eventually(
    async () => {
      const report = await verify(client);
      return report['sealed_up_to'] === (count as unknown) ? report : null;
    },
    { describe: `${count} sealed records` },
  );

/** The record as it was before it was sealed, but that nothing says that it waits for it. */
const unsealed = (row: AuditRow): AuditRow => {
  const copy: { -readonly [Name in keyof AuditRow]: AuditRow[Name] } = { ...row };
  delete copy.sequence;
  delete copy.seal;
  return copy;
};

describe('/api/audit-logs/verify', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start(settings);
  });
  afterAll(() => api.stop());

  const audit = () => api.app.get<Connection>(getConnectionToken()).collection<AuditRow>('audit');
  const chains = () => api.app.get<Connection>(getConnectionToken()).collection<AuditChainRow>('audit_chains');

  /** An organisation with six sealed records: its own, its user's, and those of four web hooks. */
  const sealedOrganisation = async (): Promise<TestOrganisation> => {
    const organisation = await api.organisation();
    await write(organisation.admin.client, 4);
    await sealed(organisation.admin.client, 6);
    return organisation;
  };

  const recordAt = async ({ id }: TestOrganisation, sequence: number): Promise<AuditRow> => {
    const rows = await audit().find({ sequence }).toArray();
    const row = rows.find(({ orgId }) => orgId?.toString() === id);
    if (row === undefined) throw new Error(`There is no record ${sequence}`);
    return row;
  };

  /** Puts other numbers and seals on records, past the unique index. */
  const renumber = async (rows: readonly { row: AuditRow; sequence: number; seal?: string }[]): Promise<void> => {
    for (const { row } of rows) await audit().updateOne({ _id: row._id }, { $unset: { sequence: true } });
    for (const { row, sequence, seal } of rows) {
      await audit().updateOne({ _id: row._id }, { $set: { sequence, seal: seal ?? row.seal ?? '' } });
    }
  };

  const broken = async ({ admin }: TestOrganisation): Promise<unknown> => {
    const { valid, first_break: firstBreak } = await verify(admin.client);
    expect(valid).toBe(false);
    return firstBreak;
  };

  it('200 says that nothing was sealed yet', async () => {
    const slow = await ApiUnderTest.start();
    const { admin } = await slow.organisation();
    expect(await verify(admin.client)).toEqual({
      valid: true,
      checked: 0,
      sealed_up_to: 0,
      last_seal: '0'.repeat(64),
      unsealed: 2,
      pruned_up_to: 0,
      first_break: null,
    });
    await slow.stop();
  });

  it('200 finds an untouched chain valid, and numbers the records in the order they were made', async () => {
    const { admin } = await sealedOrganisation();
    const report = await verify(admin.client);
    expect(report).toMatchObject({ valid: true, checked: 6, sealed_up_to: 6, unsealed: 0, first_break: null });
    const { json } = expectOk(await admin.client.get('/api/audit-logs'));
    const shown = Array.from(json['audit_logs'] as unknown as JsonReply[]);
    expect(shown.map(({ sequence }) => sequence)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(shown[0]?.['seal']).toBe(report['last_seal']);
  });

  it('goes on with the chain as more is written, also with a record that is older than what is sealed', async () => {
    const organisation = await sealedOrganisation();
    await write(organisation.admin.client, 1);
    await sealed(organisation.admin.client, 7);
    const late = unsealed(await recordAt(organisation, 3));
    const { insertedId } = await audit().insertOne({ ...late, _id: new Types.ObjectId(), pending: true });
    expect(await sealed(organisation.admin.client, 8)).toMatchObject({ valid: true, checked: 8 });
    expect((await recordAt(organisation, 8))._id).toEqual(insertedId);
  });

  it('keeps nobody waiting who writes, however long the sealer is at it', async () => {
    const { id, admin } = await sealedOrganisation();
    const session = await api.app.get<Connection>(getConnectionToken()).startSession();
    session.startTransaction();
    // What a sealer holds that is in the middle of its work: the end of the chain, and a record.
    const at = await audit().findOne({ orgId: new Types.ObjectId(id), sequence: 6 });
    await chains().updateOne({ _id: toOrganisationId(id) }, { $set: { count: 6, seal: at?.seal ?? '' } }, { session });
    await audit().updateOne({ _id: at?._id ?? new Types.ObjectId() }, { $set: { pending: true } }, { session });
    try {
      await write(admin.client, 3);
      expect((await admin.client.post('/api/apis', { api_definition: {} })).status).toBe(400);
    } finally {
      await session.abortTransaction();
      await session.endSession();
    }
    expect(await sealed(admin.client, 10)).toMatchObject({ valid: true, checked: 10 });
  });

  it('seals what concerns no organisation in a chain of its own', async () => {
    await api.admin.post('/admin/organisations', {});
    const report = await eventually(async () => {
      const { json } = expectOk(await api.admin.get('/admin/audit-logs/verify?org_id=none'));
      return json['unsealed'] === (0 as unknown) && json;
    });
    expect(report).toMatchObject({ valid: true });
    expect(numberOf(report['checked'])).toBeGreaterThan(0);
  });

  describe('names a break: changed', () => {
    it('a value of a record', async () => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, 3);
      await audit().updateOne({ _id: row._id }, { $set: { 'actor.name': 'mallory@evil.example' } });
      expect(await broken(organisation)).toEqual({ sequence: 3, id: row._id.toString(), problem: 'changed' });
      expect((await verify(organisation.admin.client))['checked']).toBe(2);
    });

    it.each([1, 6])('record %i, at an end of the chain', async (sequence) => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, sequence);
      await audit().updateOne({ _id: row._id }, { $set: { at: new Date(0) } });
      expect(await broken(organisation)).toMatchObject({ sequence, problem: 'changed' });
    });

    it('a record with a new seal that fits it', async () => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, 3);
      const before = await recordAt(organisation, 2);
      const forged = { ...row, reason: 'forged' };
      const seal = sealOf(before.seal ?? '', forged);
      await audit().updateOne({ _id: row._id }, { $set: { reason: 'forged', seal } });
      expect(await broken(organisation)).toMatchObject({ sequence: 4, problem: 'changed' });
    });

    it('a record that was put in the place of a deleted one', async () => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, 3);
      await audit().deleteOne({ _id: row._id });
      await audit().insertOne({ ...row, _id: new Types.ObjectId() });
      expect(await broken(organisation)).toMatchObject({ sequence: 3, problem: 'changed' });
    });
  });

  describe('names a break: missing', () => {
    it.each([1, 3])('record %i', async (sequence) => {
      const organisation = await sealedOrganisation();
      await audit().deleteOne({ _id: (await recordAt(organisation, sequence))._id });
      expect(await broken(organisation)).toEqual({ sequence, id: null, problem: 'missing' });
    });

    it('a record that was made to look as if it waited for the sealer', async () => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, 3);
      await audit().updateOne({ _id: row._id }, { $set: { pending: true }, $unset: { sequence: true, seal: true } });
      expect(await broken(organisation)).toMatchObject({ sequence: 3, problem: 'missing' });
    });
  });

  describe('names a break: reordered', () => {
    it('two records that changed numbers', async () => {
      const organisation = await sealedOrganisation();
      const [third, fifth] = [await recordAt(organisation, 3), await recordAt(organisation, 5)];
      await renumber([
        { row: third, sequence: 5 },
        { row: fifth, sequence: 3 },
      ]);
      expect(await broken(organisation)).toEqual({ sequence: 3, id: fifth._id.toString(), problem: 'reordered' });
    });

    it('two records that changed numbers and seals', async () => {
      const organisation = await sealedOrganisation();
      const [third, fourth] = [await recordAt(organisation, 3), await recordAt(organisation, 4)];
      await renumber([
        { row: third, sequence: 4, seal: fourth.seal ?? '' },
        { row: fourth, sequence: 3, seal: third.seal ?? '' },
      ]);
      expect(await broken(organisation)).toMatchObject({ sequence: 3, problem: 'reordered' });
    });
  });

  describe('names a break: truncated', () => {
    it('the last records', async () => {
      const organisation = await sealedOrganisation();
      for (const sequence of [5, 6]) await audit().deleteOne({ _id: (await recordAt(organisation, sequence))._id });
      expect(await broken(organisation)).toEqual({ sequence: 5, id: null, problem: 'truncated' });
    });

    it('all records', async () => {
      const organisation = await sealedOrganisation();
      for (let sequence = 1; sequence <= 6; sequence += 1) {
        await audit().deleteOne({ _id: (await recordAt(organisation, sequence))._id });
      }
      expect(await broken(organisation)).toEqual({ sequence: 1, id: null, problem: 'truncated' });
    });

    it('and still does so after more was written', async () => {
      const organisation = await sealedOrganisation();
      await audit().deleteOne({ _id: (await recordAt(organisation, 6))._id });
      await write(organisation.admin.client, 1);
      await sealed(organisation.admin.client, 7);
      expect(await broken(organisation)).toEqual({ sequence: 6, id: null, problem: 'missing' });
    });
  });

  describe('names a break: added', () => {
    it('a record without a number that does not wait for one', async () => {
      const organisation = await sealedOrganisation();
      const row = unsealed(await recordAt(organisation, 3));
      const { insertedId } = await audit().insertOne({ ...row, _id: new Types.ObjectId() });
      expect(await broken(organisation)).toEqual({ sequence: null, id: insertedId.toString(), problem: 'added' });
    });

    it('a record before the beginning', async () => {
      const organisation = await sealedOrganisation();
      const row = await recordAt(organisation, 3);
      await audit().insertOne({ ...row, _id: new Types.ObjectId(), sequence: 0 });
      expect(await broken(organisation)).toMatchObject({ sequence: 0, problem: 'added' });
    });
  });

  describe('names a break: head', () => {
    const chainOf = ({ id }: TestOrganisation) => ({ _id: toOrganisationId(id) });

    it('a rewritten last record', async () => {
      const organisation = await sealedOrganisation();
      const [fifth, sixth] = [await recordAt(organisation, 5), await recordAt(organisation, 6)];
      const seal = sealOf(fifth.seal ?? '', { ...sixth, reason: 'forged' });
      await audit().updateOne({ _id: sixth._id }, { $set: { reason: 'forged', seal } });
      expect(await broken(organisation)).toEqual({ sequence: 6, id: null, problem: 'head' });
    });

    it('an end of the chain that was set back, or deleted', async () => {
      const organisation = await sealedOrganisation();
      const fourth = await recordAt(organisation, 4);
      await chains().updateOne(chainOf(organisation), { $set: { count: 4, seal: fourth.seal ?? '' } });
      expect(await broken(organisation)).toMatchObject({ sequence: 5, problem: 'head' });
      await chains().deleteOne(chainOf(organisation));
      expect(await broken(organisation)).toMatchObject({ sequence: 1, problem: 'head' });
    });

    it('does not keep other organisations from being sealed', async () => {
      const organisation = await sealedOrganisation();
      await chains().deleteOne(chainOf(organisation));
      await write(organisation.admin.client, 1);
      expect(await verify((await sealedOrganisation()).admin.client)).toMatchObject({ valid: true });
      expect(await broken(organisation)).toMatchObject({ sequence: 1, problem: 'head' });
    });
  });

  it('does not confuse one organisation with another', async () => {
    const [broke, whole] = [await sealedOrganisation(), await sealedOrganisation()];
    await audit().deleteOne({ _id: (await recordAt(broke, 2))._id });
    expect(await verify(whole.admin.client)).toMatchObject({ valid: true, checked: 6 });
    const asked = expectOk(await api.admin.get(`/admin/audit-logs/verify?org_id=${broke.id}`)).json;
    expect(asked['first_break']).toMatchObject({ sequence: 2, problem: 'missing' });
  });

  it('leaves what is sealed out of the small index, and the record as it was', async () => {
    const organisation = await sealedOrganisation();
    const row = await recordAt(organisation, 2);
    expect(row).not.toHaveProperty('pending');
    expect(textOf(row.seal)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('sealing by two replicas at once', () => {
  it('gives each record one place in one valid chain, with and without the lock', async () => {
    const database = `castellan_${randomBytes(6).toString('hex')}`;
    const first = await ApiUnderTest.start({ ...settings, DATABASE: database });
    const second = await ApiUnderTest.start({
      ...settings,
      DATABASE: database,
      ADMIN_SECRET: first.config.adminSecret,
    });
    const replicas = [first, second];
    const { id, admin } = await first.organisation();
    const clients = replicas.map(({ anonymous }) => anonymous.with({ authorization: admin.accessKey }));
    const owner = toOrganisationId(id);
    const ledgers = replicas.map(({ app }) => app.get(AuditLedger));

    // Both replicas' own sealers are at work too.
    const sealing = (async () => {
      for (let round = 0; round < 10; round += 1) {
        await Promise.allSettled(ledgers.map((ledger) => ledger.seal(owner, new Date(Date.now() + 1_000), 3)));
      }
    })();
    await Promise.all([sealing, ...clients.map((client) => write(client, 8))]);

    const report = await sealed(admin.client, 18);
    expect(report).toMatchObject({ valid: true, checked: 18, unsealed: 0 });
    await Promise.all(replicas.map((replica) => replica.stop()));
  });
});
