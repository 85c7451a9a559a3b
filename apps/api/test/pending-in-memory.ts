import { Clock } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import type { PendingWrites } from '../src/keys/key-keeper';

/** The time of the test, for the keeper and for nodes alike: a day of theirs is a second here. */
export class OwnClock extends Clock {
  private time = Date.now();

  override now(): Date {
    return new Date(this.time);
  }

  pass(ms: number): void {
    this.time += ms;
  }
}

/**
 * What the index knows of pending writes, in memory. Redis, nodes and keeper are what is tried out here; thousands of rows would
 * take the database minutes.
 */
export class PendingInMemory implements PendingWrites {
  private readonly rows = new Map<string, KeyRow>();

  put(row: KeyRow): void {
    this.rows.set(row._id.toString(), row);
  }

  takeDue(now: Date, next: Date, limit: number): Promise<KeyRow[]> {
    const due = [...this.rows.values()].filter(({ pending }) => pending !== null && pending.due <= now).slice(0, limit);
    for (const row of due) if (row.pending !== null) this.put({ ...row, pending: { ...row.pending, due: next } });
    return Promise.resolve(due);
  }

  async settleAll(rows: readonly Pick<KeyRow, '_id' | 'version'>[]): Promise<void> {
    for (const row of rows) await this.settle(row, null);
  }

  settle({ _id: id, version }: Pick<KeyRow, '_id' | 'version'>, pending: KeyRow['pending']): Promise<boolean> {
    const row = this.rows.get(id.toString());
    if (row?.version !== version) return Promise.resolve(false);
    this.put({ ...row, pending });
    return Promise.resolve(true);
  }

  current(id: KeyRow['_id']): Promise<KeyRow | null> {
    return Promise.resolve(this.rows.get(id.toString()) ?? null);
  }

  unsettled(): Promise<number> {
    return Promise.resolve([...this.rows.values()].filter(({ pending }) => pending !== null).length);
  }
}
