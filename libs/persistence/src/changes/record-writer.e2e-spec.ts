import { createConnection, type Connection } from 'mongoose';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { newObjectId } from '../ids';
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

/** Both ways, whichever of them the server of this run would take. */
const ways = [
  {
    server: 'MongoDB 8, which takes writes to several collections in one command',
    wireVersion: 25,
    writes: ['bulkWrite'],
  },
  { server: 'an older one, one collection after the other', wireVersion: 24, writes: ['insert', 'insert', 'insert'] },
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
      ['revisions', 'audit', 'outbox'].map((name) => connection.collection(name).find().sort({ number: 1 }).toArray()),
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

  it('are there as they were written, in as few commands as it takes', async () => {
    const records = { revisions: [revision(1), revision(2)], audit: audit(), outbox: outbox() };
    await write(records);
    expect(sent).toEqual([...writes, 'commitTransaction']);
    expect(await stored()).toEqual([records.revisions, [records.audit], [records.outbox]]);
  });

  it('are gone together when the transaction is', async () => {
    const before = await stored();
    const records = { revisions: [revision(3)], audit: audit(), outbox: outbox() };
    const failing = write(records, () => Promise.reject(new Error('taken back')));
    await expect(failing).rejects.toThrow('taken back');
    expect(await stored()).toEqual(before);
  });

  it('take one insert for many revisions, beside what it takes for the others', async () => {
    const revisions = Array.from({ length: 60 }, (_, index) => revision(100 + index));
    await write({ revisions, audit: audit(), outbox: outbox() });
    expect(sent).toEqual([...(wireVersion === 25 ? ['bulkWrite', 'insert'] : writes), 'commitTransaction']);
    const [kept = []] = await stored();
    expect(kept).toEqual(expect.arrayContaining(revisions));
  });

  it('take one insert where they are of one collection', async () => {
    await write({ revisions: [], audit: audit(), outbox: null });
    expect(sent).toEqual(['insert', 'commitTransaction']);
  });
});
