import { randomBytes } from 'node:crypto';
import { createConnection } from 'mongoose';

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
export const noteCollections = (names: readonly string[]): void => {
  if (ordinary.size === 0) for (const name of names) ordinary.add(name);
};

const empty = async (address: string): Promise<void> => {
  const connection = await createConnection(address, { autoCreate: false, autoIndex: false }).asPromise();
  try {
    const collections = (await connection.listCollections()).filter(({ name }) => name !== kept);
    await Promise.all(
      collections.map(({ name }) =>
        ordinary.has(name) ? connection.collection(name).deleteMany({}) : connection.dropCollection(name),
      ),
    );
  } finally {
    await connection.close();
  }
};
