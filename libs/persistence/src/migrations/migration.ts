import type { Connection } from 'mongoose';

/** What a migration works with. */
interface MigrationTools {
  readonly connection: Connection;
}

/**
 * One step from an older form of the database to the next. It runs once in the life of a database, by one replica, and
 * again from its beginning when that replica died in it: so doing it twice has to be right.
 */
export interface Migration {
  /** 1 is the first; none is left out, and none is ever changed once it was released. */
  readonly number: number;
  /** What it does, for the log and for whoever looks into the collection `migrations`. */
  readonly name: string;
  readonly run: (tools: MigrationTools) => Promise<void>;
}
