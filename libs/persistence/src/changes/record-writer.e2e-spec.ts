import { createConnection, type Connection } from 'mongoose';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { newObjectId, toOrganisationId } from '../ids';
import { choreRow, choreSchema, type ChoreRow } from '../keys/chores';
import { RecordWriter, type Records } from './record-writer';
import { auditSchema, outboxSchema, revisionSchema, type AuditRow, type OutboxRow, type RevisionRow } from './rows';

const [orgId, at] = [newObjectId(), new Date()];
const actor = { kind: 'admin', id: '', name: 'admin' } as const;

const revision = (number: number): RevisionRow => ({
  ...{ _id: newObjectId(), orgId, kind: 'toy', resourceId: newObjectId(), number, operation: 'create', actor, at },
  ...{ document: '{}', digest: 'd', diff: null, reason: '', requestId: 'r', generation: 1 },
});
const audit = (): AuditRow => ({
  ...{ _id: newObjectId(), orgId, at, actor, action: 'Test', method: 'POST', path: '/', status: 200, ip: '' },
  ...{ requestId: 'r', reason: '', refusal: '', changes: [], diff: null, pending: true },
});
const outbox = (): OutboxRow => ({
  ...{ _id: newObjectId(), orgId, sequence: 1, generation: 1, reload: true, changes: [], complete: true },
  ...{ effects: [{ command: 'ApiAdded', payload: '' }], createdAt: at, publishedAt: null },
});

const chore = (text: string, about = 'c'): ChoreRow =>
  choreRow(toOrganisationId(orgId), { job: 'oauth.put', about: ['a', about], text }, at);

/** Both ways, whichever of them the server of this run would take. */
const ways = [
  {
    server: 'MongoDB 8, which takes writes to several collections in one command',
    wireVersion: 25,
    writes: ['bulkWrite'],
  },
  {
    server: 'an older one, one collection after the other',
    wireVersion: 24,
    writes: ['insert', 'insert', 'insert', 'update'],
  },
] as const;

describe.each(ways)('the records of a change at $server', ({ wireVersion, writes }) => {
  let connection: Connection;
  let writer: RecordWriter;
  const sent: string[] = [];

  beforeAll(async () => {
    connection = await createConnection(freshDatabaseUri({ monitorCommands: 'true' }), {
      autoIndex: false,
      autoCreate: false,
    }).asPromise();
    connection.getClient().on('commandStarted', ({ commandName }) => sent.push(commandName));
    const models = [
      connection.model<RevisionRow>('revision', revisionSchema),
      connection.model<AuditRow>('audit', auditSchema),
      connection.model<OutboxRow>('outbox', outboxSchema),
      connection.model<ChoreRow>('chore', choreSchema),
    ] as const;
    // A transaction makes no collections everywhere.
    for (const model of models) await model.createCollection();
    writer = new RecordWriter(connection, ...models);
    jest.spyOn(writer, 'wireVersion').mockResolvedValue(wireVersion);
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });

  const stored = async (): Promise<readonly unknown[]> =>
    Promise.all(
      ['revisions', 'audit', 'outbox', 'key_store_chores'].map((name) =>
        connection.collection(name).find().sort({ number: 1 }).toArray(),
      ),
    );
  const write = async (records: Records, work = (): Promise<void> => Promise.resolve()): Promise<void> => {
    await writer.writesAtOnce();
    sent.length = 0;
    await connection.withSession((session) =>
      session.withTransaction(async () => {
        await writer.write(records, session);
        await work();
      }),
    );
  };

  it('are tried again with their transaction when another writer was faster', async () => {
    const chores = connection.collection<ChoreRow>('key_store_chores');
    const [taken, replaced] = [chore('theirs', 'taken'), chore('ours', 'taken')];
    await chores.insertOne(taken);
    let attempts = 0;
    await connection.withSession((session) =>
      session.withTransaction(async () => {
        attempts += 1;
        await chores.findOne({ _id: taken._id }, { session });
        if (attempts === 1) await chores.updateOne({ _id: taken._id }, { $set: { at: new Date(0) } });
        await writer.write({ revisions: [revision(1)], audit: null, outbox: null, chores: [replaced] }, session);
      }),
    );
    expect(attempts).toBe(2);
    expect(await chores.find({ _id: taken._id }).toArray()).toEqual([replaced]);
    await Promise.all([chores.deleteMany({}), connection.collection('revisions').deleteMany({})]);
  });

  it('are there as they were written, in as few commands as it takes', async () => {
    const records = { revisions: [revision(1), revision(2)], audit: audit(), outbox: outbox(), chores: [chore('new')] };
    await write(records);
    expect(sent).toEqual([...writes, 'commitTransaction']);
    expect(await stored()).toEqual([records.revisions, [records.audit], [records.outbox], records.chores]);
  });

  it('are gone together when the transaction is', async () => {
    const before = await stored();
    const records = { revisions: [revision(3)], audit: audit(), outbox: outbox(), chores: [chore('newer')] };
    const failing = write(records, () => Promise.reject(new Error('taken back')));
    await expect(failing).rejects.toThrow('taken back');
    expect(await stored()).toEqual(before);
  });

  it('take one insert for many revisions, beside what it takes for the others', async () => {
    const revisions = Array.from({ length: 60 }, (_, index) => revision(100 + index));
    await write({ revisions, audit: audit(), outbox: outbox(), chores: [] });
    expect(sent).toEqual([...(wireVersion === 25 ? ['bulkWrite', 'insert'] : writes.slice(0, 3)), 'commitTransaction']);
    const [kept = []] = await stored();
    expect(kept).toEqual(expect.arrayContaining(revisions));
  });

  it('take one insert where they are of one collection', async () => {
    await write({ revisions: [], audit: audit(), outbox: null, chores: [] });
    expect(sent).toEqual(['insert', 'commitTransaction']);
  });

  it('take the place of what was to be done before about the same, be it one or many', async () => {
    const [one, ...others] = [chore('newest'), ...Array.from({ length: 60 }, (_, index) => chore('', `c${index}`))];
    await write({ revisions: [], audit: null, outbox: null, chores: [one] });
    expect(sent).toEqual(['update', 'commitTransaction']);
    await write({ revisions: [revision(200)], audit: audit(), outbox: null, chores: others });
    expect(sent).toContain('update');
    const [, , , kept = []] = await stored();
    expect(kept).toHaveLength(1 + others.length);
    expect(kept).toEqual(expect.arrayContaining([one, ...others]));
  });
});
