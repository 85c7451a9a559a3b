import { createConnection, Types, type Connection } from 'mongoose';
import { Clock, createLogger } from '@castellan/observability';
import old from '../../../../test/fixtures/old-database.json';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { migrations } from './migrations';
import { Migrator } from './migrator';

type Row = Readonly<Record<string, unknown>>;

/** What each migration does to the rows of a database that is older than it: what they have then and had not before. */
const gained: Readonly<Record<number, { readonly collection: keyof typeof old; readonly fields: readonly Row[] }>> = {
  1: { collection: 'apis', fields: [{ name: 'Größe', nameKey: 'größe' }] },
  2: {
    collection: 'users',
    fields: [{ searchText: expect.stringMatching(/ada.*lovelace.*ada@acme\.example/) as unknown }],
  },
  3: { collection: 'policies', fields: [{ userOwners: ['5ead71205759610001818681'], groupOwners: [] }] },
  // The oldest keeps the slug, whatever its letters.
  4: { collection: 'organisations', fields: [{ slugKey: 'acme' }, {}, {}] },
  5: { collection: 'keys', fields: [{ certificates: ['5ead71205759610001818683aa'] }, { certificates: [] }] },
  // It stands for sums that are moved later.
  6: { collection: 'apis', fields: [] },
  // Deleted ones are counted in none.
  7: { collection: 'keys', fields: [{ block: 1 }, {}] },
  // Deleted ones can be listed, too.
  8: {
    collection: 'keys',
    fields: [
      {
        foundBy: {
          terms: [
            ...['alias:Bench 7', 'bound:5ead71205759610001818683aa', 'certificate:5ead71205759610001818683aa'],
            ...['api:a1', 'api:a2', 'tag:gold'],
          ],
          copies: ['c0ffee'],
        },
      },
      { foundBy: { terms: [] } },
    ],
  },
};

describe('a database of the first version', () => {
  let connection: Connection;

  beforeAll(async () => {
    connection = await createConnection(freshDatabaseUri(), { autoIndex: false, autoCreate: false }).asPromise();
    for (const [collection, rows] of Object.entries(old)) {
      await connection
        .collection(collection)
        .insertMany(rows.map(({ _id, ...row }) => ({ _id: new Types.ObjectId(_id), ...row })));
    }
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });

  const contents = async (): Promise<Readonly<Record<string, readonly Row[]>>> => {
    const read = Object.keys(old).map(
      async (name) => [name, await connection.collection(name).find().sort({ _id: 1 }).toArray()] as const,
    );
    return Object.fromEntries(await Promise.all(read));
  };

  it('is taken by each migration one step further, and nothing else of it is touched', async () => {
    expect(Object.keys(gained).map(Number)).toEqual(migrations.map(({ number }) => number));
    for (const { number } of migrations) {
      const before = await contents();
      const { collection, fields } = gained[number] ?? { collection: 'apis', fields: [] };
      const upTo = migrations.filter((one) => one.number <= number);
      await new Migrator(connection, upTo, new Clock(), createLogger('api', 'silent')).run();
      const rows = (before[collection] ?? []).map((row, index) => ({ ...row, ...fields[index] }));
      expect(await contents()).toEqual({ ...before, [collection]: rows });
    }
  });

  it('is the same when a migration is run again, as after a replica that died in it', async () => {
    const before = await contents();
    for (const { run } of migrations) await run({ connection });
    expect(await contents()).toEqual(before);
  });
});
