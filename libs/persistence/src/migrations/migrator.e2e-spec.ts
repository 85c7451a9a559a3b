import { createConnection, Schema, Types, type Connection } from 'mongoose';
import { Clock, createLogger } from '@castellan/observability';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { apiKind } from '../kinds/api.kind';
import { modelOf } from '../kinds/kind';
import { policyKind } from '../kinds/policy.kind';
import type { Migration } from './migration';
import { migrations } from './migrations';
import { Migrator, NewerDatabase } from './migrator';

const { schema: apiSchema } = modelOf(apiKind);
const { schema: policySchema } = modelOf(policyKind);

describe('migrations', () => {
  const connections: Connection[] = [];
  let uri: string;

  beforeEach(() => {
    uri = freshDatabaseUri();
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
  });

  const connect = async (models: Readonly<Record<string, Schema>> = { api: apiSchema }): Promise<Connection> => {
    const connection = await createConnection(uri, { autoIndex: false, autoCreate: false }).asPromise();
    connections.push(connection);
    for (const [name, schema] of Object.entries(models)) connection.model(name, schema);
    return connection;
  };
  const migratorOf = (connection: Connection, all: readonly Migration[] = migrations): Migrator =>
    new Migrator(connection, all, new Clock(), createLogger('api', 'silent'));
  const indexesOf = async (connection: Connection, collection: string): Promise<string[]> =>
    (await connection.collection(collection).indexes()).map(({ name = '' }) => name).sort();
  const counting = (number: number, run: () => void): Migration => ({
    number,
    name: `step ${number}`,
    run: () => {
      run();
      return Promise.resolve();
    },
  });

  it('makes a new database with every index and no migration', async () => {
    const connection = await connect();
    let ran = 0;
    await migratorOf(connection, [counting(1, () => (ran += 1))]).run();
    expect(ran).toBe(0);
    expect(await indexesOf(connection, 'apis')).toEqual(expect.arrayContaining(['_id_', 'apiId_1', 'claims_1']));
    const rows = connection.collection('apis');
    await rows.insertOne({ apiId: 'a' });
    await expect(rows.insertOne({ apiId: 'a' })).rejects.toThrow(/duplicate|E11000/i);
  });

  it('opens a database from before there were migrations, and lifts what its documents say', async () => {
    const connection = await connect();
    // As the first versions wrote it: no row of the migrations, and no name to search by.
    const document = JSON.stringify({ api_definition: { name: 'Größe', api_id: 'a' } });
    const _id = new Types.ObjectId();
    await connection.collection('apis').insertOne({ _id, apiId: 'a', name: 'Größe', version: 1, document });
    await migratorOf(connection).run();
    expect(await connection.collection('apis').findOne({ _id })).toMatchObject({
      nameKey: 'größe',
      version: 1,
      document,
    });
    expect(await indexesOf(connection, 'apis')).toContain('apiId_1');
    const ran = await connection.collection<{ _id: number }>('migrations').findOne({ _id: 1 });
    expect(ran).toMatchObject({ name: migrations[0]?.name });
  });

  it('runs each migration once, whichever of many replicas comes first, and in order', async () => {
    const first = await connect();
    await first.collection('apis').insertOne({ apiId: 'old', document: '{}' });
    const order: number[] = [];
    const steps = [counting(1, () => order.push(1)), counting(2, () => order.push(2))];
    const replicas = await Promise.all(Array.from({ length: 4 }, () => connect()));
    await Promise.all(replicas.map((replica) => migratorOf(replica, steps).run()));
    await migratorOf(first, steps).run();
    expect(order).toEqual([1, 2]);
    await migratorOf(first, [...steps, counting(3, () => order.push(3))]).run();
    expect(order).toEqual([1, 2, 3]);
  });

  it('goes on where it failed, without doing again what was done', async () => {
    const connection = await connect();
    await connection.collection('apis').insertOne({ apiId: 'old', document: '{}' });
    const ran: number[] = [];
    const broken: Migration = { number: 2, name: 'broken', run: () => Promise.reject(new Error('no')) };
    await expect(migratorOf(connection, [counting(1, () => ran.push(1)), broken]).run()).rejects.toThrow('no');
    await migratorOf(connection, [counting(1, () => ran.push(1)), counting(2, () => ran.push(2))]).run();
    expect(ran).toEqual([1, 2]);
  });

  it('takes over from a replica that died in it', async () => {
    const connection = await connect();
    await connection.collection('apis').insertOne({ apiId: 'old', document: '{}' });
    await connection.collection<{ _id: string }>('migrations').insertOne({
      _id: 'state',
      ...{ number: 0, indexes: '', owner: 'dead', leaseUntil: new Date(0) },
    });
    let ran = 0;
    await migratorOf(connection, [counting(1, () => (ran += 1))]).run();
    expect(ran).toBe(1);
  });

  it('refuses a database that a newer program has written, and says what to do', async () => {
    const connection = await connect();
    await migratorOf(connection, [counting(1, () => undefined), counting(2, () => undefined)]).run();
    const older = migratorOf(connection, [counting(1, () => undefined)]).run();
    await expect(older).rejects.toThrow(NewerDatabase);
    await expect(older).rejects.toThrow(/migration 2, and this program knows 1 only.*restore a backup/);
  });

  it('makes an index that is declared now, and drops one that no longer is', async () => {
    const rows = (index: Record<string, 1>) =>
      new Schema({ a: String, b: String }, { collection: 'rows' }).index(index);
    await migratorOf(await connect({ row: rows({ a: 1 }) })).run();
    const next = await connect({ row: rows({ b: 1 }), policy: policySchema });
    await migratorOf(next).run();
    expect(await indexesOf(next, 'rows')).toEqual(['_id_', 'b_1']);
    expect(await indexesOf(next, 'policies')).toContain('policyId_1');
  });

  it('costs one read once the database is there', async () => {
    await migratorOf(await connect()).run();
    const connection = await createConnection(uri, {
      autoIndex: false,
      autoCreate: false,
      monitorCommands: true,
    }).asPromise();
    connections.push(connection);
    connection.model('api', apiSchema);
    const commands: string[] = [];
    connection.getClient().on('commandStarted', ({ commandName }) => commands.push(commandName));
    await migratorOf(connection).run();
    expect(commands).toEqual(['find']);
  });
});
