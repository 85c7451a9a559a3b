import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, Unavailable, VersionMismatch, type CastellanError } from '@castellan/dto';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  DuplicateKey,
  KeyIndex,
  type Change,
  type ChangeContext,
  type KeyRow,
  type UnitOfWork,
} from '@castellan/persistence';
import { sessionFacts, sessionForCallers, writeSession, type Session } from '@castellan/tyk';
import { RedisChanges } from '../chores/redis-changes';
import { ResourceTools } from '../resources/resource-tools';
import { keyCard } from './key-card';
import { KeyEvents } from './key-events';
import { factsOf } from './key-facts';
import { missing } from './key-finder';
import { KeyKeeper } from './key-keeper';
import { KeyOwnValues } from './key-own-values';

/** One key that changes. */
export interface KeyChange {
  /** The row as it is to be. */
  readonly row: KeyRow;
  /** The row as it was read; null for a new key. */
  readonly before: KeyRow | null;
  /** The session as it was read, and as it is to be; null where there is none. */
  readonly was: Session | null;
  readonly is: Session | null;
}

/** What a unit changes, once it has begun; it refuses all of it before anything is written. */
export type Changing = (unit: UnitOfWork) => Promise<readonly KeyChange[]>;

/** A key as it was read. */
export interface ReadKey {
  readonly row: KeyRow;
  readonly session: Session;
}

/** Names that keys of one batch are brought to Redis at the same time. */
const atOnce = 50;

/**
 * Writes changes of keys: they are committed with their records first, as what Redis has to hold; then they are brought there, and
 * the keeper sees that they stay. A process that dies between the two leaves the rest to the keeper.
 */
@Injectable()
export class KeyWriter {
  constructor(
    private readonly tools: ResourceTools,
    private readonly index: KeyIndex,
    private readonly redisChanges: RedisChanges,
    private readonly keeper: KeyKeeper,
    private readonly events: KeyEvents,
    private readonly own: KeyOwnValues,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** A key that is there and is to have another session, or none. */
  changeOf({ row, session: was }: ReadKey, is: Session | null, text: string | null): KeyChange {
    const now = this.clock.now();
    const changed: KeyRow = {
      ...row,
      ...(is === null
        ? { deletedAt: now }
        : { ...factsOf(sessionFacts(is)), ...this.own.after(row._id, { row, session: was }, is) }),
      ...{ version: row.version + 1, updatedAt: now },
      pending: { wanted: text, due: this.keeper.due(), repeats: 0 },
    };
    return { row: changed, before: row, was, is };
  }

  /** What the row of a new key says of what the key says itself. @param like the key that it goes on as; null for another one */
  ownOf(id: KeyRow['_id'], session: Session, like: ReadKey | null): Pick<KeyRow, 'own'> {
    return this.own.after(id, like, session);
  }

  /** @returns the errors of those that did not reach Redis and were taken back, by the ids of their rows
   * @throws VersionMismatch when one has changed since it was read, Conflict when it has the hash of another key; Unavailable when
   *   Redis is
   */
  async write(context: ChangeContext, changes: readonly KeyChange[] | Changing): Promise<ReadonlyMap<string, unknown>> {
    const { brought } = await this.redisChanges.make(
      () => this.tools.commit(context, this.work(changes), explained),
      (made) => {
        if (made.length > 0) this.events.soon();
        return this.bringAll(made);
      },
    );
    return brought;
  }

  /** What a write would change and record, and nothing of it done. @throws what {@link write} throws but for Redis */
  async dryRun(context: ChangeContext, changes: readonly KeyChange[]): Promise<readonly Change[]> {
    const tried = await this.tools.dryRun(context, this.work(changes), explained);
    return tried.changes;
  }

  private work(wanted: readonly KeyChange[] | Changing): Changing {
    return async (unit) => {
      const changes = typeof wanted === 'function' ? await wanted(unit) : wanted;
      const fresh = changes.filter(({ before }) => before === null).map(({ row }) => row);
      const changed = changes.flatMap(({ row, before }) => (before === null ? [] : [{ row, was: before }]));
      if (fresh.some(({ copies }) => copies.length > 0)) {
        const holders = await this.index.known(hashesIn(fresh), unit.session);
        if (holders.some(({ deletedAt }) => deletedAt === null)) throw taken();
      }
      // A deleted key leaves its hash to one that is made anew with the same id.
      if (fresh.length > 0) await this.index.removeDeleted(hashesIn(fresh), unit.session);
      // The records are made while the database stores the rows.
      await Promise.all([this.index.insert(fresh, unit.session), this.recordAll(unit, changes)]);
      if (!(await this.index.replaceAll(changed, unit.session))) throw await this.outrun(changes, unit);
      await this.events.note(unit, changes);
      return changes;
    };
  }

  /** What to say when a key has changed since it was read: of one that is gone, that there is none. */
  private async outrun(changes: readonly KeyChange[], { organisation, session }: UnitOfWork): Promise<CastellanError> {
    const [only, another] = changes.filter(({ before }) => before !== null);
    const isGone =
      only !== undefined &&
      another === undefined &&
      (await this.index.byHash(organisation, [only.row.hash], session)) === null;
    return isGone ? missing() : outrun();
  }

  /** The same for changes of which all or none are to happen. @throws Unavailable, too, when they were taken back */
  async writeTogether(context: ChangeContext, changes: readonly KeyChange[] | Changing): Promise<void> {
    let made: readonly KeyChange[] = [];
    const failed = await this.write(context, async (unit) => {
      made = typeof changes === 'function' ? await changes(unit) : changes;
      return made;
    });
    const [error] = failed.values();
    if (failed.size === 0) return;
    for (const change of made.filter(({ row }) => !failed.has(row._id.toString()))) await this.takeBack(change, error);
    throw new Unavailable(theRedis, error);
  }

  private async bringAll(changes: readonly KeyChange[]): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    for (let from = 0; from < changes.length; from += atOnce) {
      const some = changes.slice(from, from + atOnce);
      const made = await this.bringNew(some);
      const rest = some.filter(({ row }) => !made.has(row));
      await Promise.all(
        rest.map(async (change) => {
          try {
            await this.keeper.apply(change.row);
          } catch (error) {
            failed.set(change.row._id.toString(), error);
            await this.takeBack(change, error);
          }
        }),
      );
    }
    return failed;
  }

  /** @returns those that are there; what became of the others, their own writes find out */
  private async bringNew(changes: readonly KeyChange[]): Promise<ReadonlySet<KeyRow>> {
    if (changes.length === 1) return new Set();
    return this.keeper.applyNew(changes.map(({ row }) => row)).catch(() => new Set<KeyRow>());
  }

  /** Leaves the key as it was; the keeper undoes what has reached Redis all the same. */
  private async takeBack({ row, before, was }: KeyChange, error: unknown): Promise<void> {
    this.logger.error({ err: error, key: row._id }, 'A change of a key did not reach Redis, and is taken back');
    const pending = { due: this.clock.now(), repeats: 0 };
    const wanted = before === null ? null : (before.pending?.wanted ?? (was && writeSession(was)));
    const undone: KeyRow = before ?? { ...row, deletedAt: this.clock.now() };
    await this.index.replace({ ...undone, pending: { ...pending, wanted }, version: row.version + 1 }, row.version);
  }

  /** In pieces, between which others have their turn. */
  private async recordAll(unit: UnitOfWork, changes: readonly KeyChange[]): Promise<void> {
    for (const [at, change] of changes.entries()) {
      if (at > 0 && at % atOnce === 0) await turnOfOthers();
      await this.record(unit, change);
    }
  }

  private record(unit: UnitOfWork, { row, was: before, is: after }: KeyChange): Promise<void> {
    const { nodeSecret } = this.config;
    const was = before === null ? null : keyCard(sessionForCallers(before), nodeSecret);
    const is = after === null ? null : keyCard(sessionForCallers(after), nodeSecret);
    return unit.record({
      kind: 'key',
      id: row._id,
      operation: was === null ? 'create' : is === null ? 'delete' : 'update',
      version: row.version,
      before: was?.text ?? null,
      after: is?.text ?? null,
      digest: (is ?? was)?.digest ?? '',
      replaced: null,
      written: null,
    });
  }
}

const explained = (error: unknown): unknown => (error instanceof DuplicateKey ? taken() : error);

const theRedis = 'The Redis of the nodes';

const hashesIn = (rows: readonly KeyRow[]): string[] => rows.flatMap(({ hash, copies }) => [hash, ...copies]);

const outrun = (): VersionMismatch =>
  new VersionMismatch('Somebody else has changed the key at the same time; read it again');

export const taken = (): Conflict =>
  new Conflict('id_conflict', 'The key cannot be used: its hash belongs to another key');
