import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Collection, Connection } from 'mongoose';
import type { Clock, Logger } from '@castellan/observability';
import { alignEverything, createEverything, fingerprintOf } from './indexes';
import type { Migration } from './migration';

/** The replica that migrates and dies holds the others up for so long at most, in milliseconds. */
const leaseMs = 60_000;
const renewMs = 15_000;
const lookMs = 250;

/** The state of the database as a whole: one row, beside one for each migration that has run. */
interface StateRow {
  readonly _id: 'state';
  /** The last migration that has run. */
  readonly number: number;
  /** Of the indexes that the program declared which last looked after them. */
  readonly indexes: string;
  readonly owner: string | null;
  readonly leaseUntil: Date | null;
}

interface RanRow {
  readonly _id: number;
  readonly name: string;
  readonly at: Date;
}

/** The database was written by a newer program, whose forms this one does not know. */
export class NewerDatabase extends Error {
  constructor(found: number, known: number) {
    super(
      `The database has come to migration ${found}, and this program knows ${known} only: a newer Castellan has written ` +
        'it. Start that version again, or restore a backup from before the update.',
    );
    this.name = 'NewerDatabase';
  }
}

/**
 * Brings the database to the form that this program needs, once for all replicas: whichever comes first does it, under a
 * lease, and the others wait. A database that is there already costs one read.
 */
export class Migrator {
  private readonly owner = randomUUID();
  private readonly state: Collection<StateRow>;
  private readonly ran: Collection<RanRow>;

  constructor(
    private readonly connection: Connection,
    private readonly migrations: readonly Migration[],
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.state = connection.collection<StateRow>('migrations');
    this.ran = connection.collection<RanRow>('migrations');
  }

  /** @throws NewerDatabase */
  async run(): Promise<void> {
    const models = Object.values(this.connection.models);
    const wanted = { number: this.migrations.at(-1)?.number ?? 0, indexes: fingerprintOf(models) };
    for (;;) {
      const found = await this.state.findOne({ _id: 'state' });
      if (found !== null && found.number > wanted.number) throw new NewerDatabase(found.number, wanted.number);
      if (found?.number === wanted.number && found.indexes === wanted.indexes) return;
      if (await this.acquire(found)) {
        await this.migrate(found, wanted);
        return;
      }
      await delay(lookMs);
    }
  }

  /** Whether this replica is the one that does it. */
  private async acquire(found: StateRow | null): Promise<boolean> {
    const now = this.clock.now();
    const lease = { owner: this.owner, leaseUntil: new Date(now.getTime() + leaseMs) };
    if (found === null) return this.begin(lease);
    const free = { _id: 'state' as const, $or: [{ owner: null }, { leaseUntil: { $lt: now } }] };
    const { matchedCount } = await this.state.updateOne(free, { $set: lease });
    return matchedCount === 1;
  }

  private async begin(lease: { readonly owner: string; readonly leaseUntil: Date }): Promise<boolean> {
    try {
      await this.state.insertOne({ _id: 'state', number: 0, indexes: '', ...lease });
      return true;
    } catch (error) {
      // Another replica was faster.
      if (typeof error === 'object' && error !== null && 'code' in error && error.code === 11000) return false;
      throw error;
    }
  }

  private async migrate(found: StateRow | null, wanted: Pick<StateRow, 'number' | 'indexes'>): Promise<void> {
    const renewal = setInterval(() => void this.renew(), renewMs);
    try {
      const models = Object.values(this.connection.models);
      const collections = await this.connection.listCollections();
      const existing = new Set(collections.map(({ name }) => name).filter((name) => name !== 'migrations'));
      if (existing.size === 0) await createEverything(models);
      else {
        await this.catchUp(found?.number ?? 0);
        await alignEverything(models, existing);
      }
      await this.state.updateOne({ _id: 'state', owner: this.owner }, { $set: { ...wanted, owner: null } });
    } catch (error) {
      await this.state.updateOne({ _id: 'state', owner: this.owner }, { $set: { owner: null } }).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  private async catchUp(from: number): Promise<void> {
    for (const { number, name, run } of this.migrations.filter((one) => one.number > from)) {
      this.logger.info({ migration: number, name }, 'Migrating the database');
      await run({ connection: this.connection });
      const row = { name, at: this.clock.now() };
      await this.ran.updateOne({ _id: number }, { $set: row }, { upsert: true });
      await this.state.updateOne({ _id: 'state', owner: this.owner }, { $set: { number } });
    }
  }

  private async renew(): Promise<void> {
    try {
      const leaseUntil = new Date(this.clock.millis() + leaseMs);
      await this.state.updateOne({ _id: 'state', owner: this.owner }, { $set: { leaseUntil } });
    } catch (error) {
      this.logger.warn({ err: error }, 'The lease of a migration could not be renewed');
    }
  }
}
