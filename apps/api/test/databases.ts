import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mongoose';
import { bulkWriteWireVersion } from '@castellan/persistence';

/** The databases that this worker has made, with the test file that each belongs to. */
const made = new Map<string, string>();
/** The collections that an API makes when it starts. */
const ordinary = new Set<string>();
/** What a start writes and the next one finds. */
const kept = 'migrations';

const currentFile = (): string => expect.getState().testPath ?? '';

/**
 * An empty database for an API of this test file. Half of what a start costs is that the database makes sixty collections
 * and indexes for it, so that those of the worker's earlier files are emptied and taken again. In a file every API has its own,
 * whether the others still run or not.
 * @param addressOf the address of a database by its name
 */
export const takeDatabase = async (addressOf: (database: string) => string): Promise<string> => {
  const file = currentFile();
  const [free] = [...made].find(([, user]) => user !== file) ?? [];
  const database = free ?? `castellan_${randomBytes(6).toString('hex')}`;
  made.set(database, file);
  if (free !== undefined) await empty(addressOf(free));
  return database;
};

/** Remembers what the first API of a worker made when it started. */
export const noteCollections = async (connection: Connection): Promise<void> => {
  if (ordinary.size === 0) for (const { name } of await connection.listCollections()) ordinary.add(name);
};

const empty = async (address: string): Promise<void> => {
  // One after the other: the embedded MongoDB gains nothing by more, and each further connection costs it a thread.
  const options = { autoCreate: false, autoIndex: false, maxPoolSize: 1 };
  const connection = await createConnection(address, options).asPromise();
  try {
    const names = (await connection.listCollections()).map(({ name }) => name).filter((name) => name !== kept);
    for (const name of names.filter((of) => !ordinary.has(of))) await connection.dropCollection(name);
    await deleteAll(
      connection,
      names.filter((of) => ordinary.has(of)),
    );
  } finally {
    await connection.close();
  }
};

/** MongoDB 8, as which the embedded one answers, deletes in many collections by one command. */
const deleteAll = async (connection: Connection, names: readonly string[]): Promise<void> => {
  const hello = await connection.db?.command({ hello: 1 });
  if (Number(hello?.['maxWireVersion'] ?? 0) < bulkWriteWireVersion) {
    await Promise.all(names.map((name) => connection.collection(name).deleteMany({})));
    return;
  }
  const deletions = names.map((name) => ({
    name: 'deleteMany' as const,
    namespace: `${connection.name}.${name}`,
    filter: {},
  }));
  if (deletions.length > 0) await connection.getClient().bulkWrite(deletions);
};
