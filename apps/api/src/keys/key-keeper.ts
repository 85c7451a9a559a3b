import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, NO_TEXT } from '@castellan/keys';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import { sessionHolds, sessionName } from '@castellan/tyk';
import { KeyPlacing } from './key-places';

/** Pause between two looks for writes that are due, in milliseconds. */
const lookMs = 500;
/** While one is looked at, no other replica takes it, for so many milliseconds. */
const leaseMs = 30_000;
/** So many are looked at together. */
const batchSize = 200;
/** How often one write is tried while others write the same session. */
const tries = 50;

/** What of the index knows which writes are not certain yet. */
export type PendingWrites = Pick<KeyIndex, 'takeDue' | 'settleAll' | 'settle' | 'current' | 'unsettled'>;

/**
 * Sees to it that Redis has what the index says of a key, and keeps it. Nodes that had not heard of a change write back what was
 * there before: an edit would be lost, a deleted key would be there again. So each write is looked at again once no node can
 * have an old copy, and is done again until it holds.
 */
@Injectable()
export class KeyKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Recurring;
  private readonly repeated: ReturnType<Metrics['counter']>;

  constructor(
    private readonly store: KeyStore,
    @Inject(KeyIndex) private readonly index: PendingWrites,
    private readonly placing: KeyPlacing,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.loop = new Recurring('key writes', lookMs, () => this.lookAtAllDue(), logger);
    this.repeated = metrics.counter(
      'castellan_key_writes_repeated_total',
      'Changes of keys that had to be made again, because a node had brought back what was there before',
      [],
    );
    metrics.gauge(
      'castellan_key_writes_unsettled',
      'Changes of keys that are not certain to stay yet',
      [],
      async () => [{ labels: {}, value: await index.unsettled() }],
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** When a write of now has to be looked at. */
  due(): Date {
    return new Date(this.clock.millis() + this.config.keySettleMs);
  }

  /**
   * Brings Redis to what a row waits for, under all its names.
   *
   * @returns under how many names it was otherwise
   * @throws when Redis is out of reach; what was done until then stays, and the row still says what is to be done
   */
  async apply(row: KeyRow): Promise<number> {
    if (row.pending === null) return 0;
    const { names, announced } = this.placing.of(row);
    const write = { wanted: row.pending.wanted, announced, isNew: row.version === 1 };
    let changed = 0;
    for (const name of names) {
      if (await this.bring(sessionName(name), write)) changed += 1;
    }
    return changed;
  }

  /**
   * Brings new keys to Redis that lie under one name each, and of which it has nothing yet: in one step where it can.
   *
   * @returns the rows that Redis has now as they wait for it; the others have to be applied
   */
  async applyNew(rows: readonly KeyRow[]): Promise<ReadonlySet<KeyRow>> {
    const fresh = rows.flatMap((row) => {
      const { names, announced } = this.placing.of(row);
      const [name] = names;
      const text = row.pending?.wanted ?? null;
      if (row.version !== 1 || text === null || name === undefined || names.length > 1) return [];
      return [{ row, session: { name: sessionName(name), text, announced } }];
    });
    const made = await this.store.createAll(fresh.map(({ session }) => session));
    return new Set(fresh.filter((_, at) => made[at] === true).map(({ row }) => row));
  }

  /** Looks at everything that is due now. */
  async lookAtAllDue(): Promise<void> {
    for (;;) {
      const now = this.clock.now();
      const rows = await this.index.takeDue(now, new Date(now.getTime() + leaseMs), batchSize);
      if (rows.length === 0) return;
      const holding = await this.holding(rows);
      await this.index.settleAll(holding);
      const held = new Set(holding.map(({ _id }) => _id.toString()));
      await Promise.all(rows.filter(({ _id }) => !held.has(_id.toString())).map((row) => this.repeat(row)));
    }
  }

  /** Those that Redis has as they are wanted, under all their names. */
  private async holding(rows: readonly KeyRow[]): Promise<KeyRow[]> {
    const placed = rows.map((row) => ({ row, names: this.placing.of(row).names.map(sessionName) }));
    const all = placed.flatMap(({ names }) => names);
    const texts = await this.store.readMany(all);
    const found = new Map(all.map((name, at) => [name, texts[at] ?? null]));
    return placed
      .filter(({ row, names }) =>
        names.every((one) => sessionHolds(row.pending?.wanted ?? null, found.get(one) ?? null)),
      )
      .map(({ row }) => row);
  }

  /** @returns whether it was otherwise than wanted, and had to be written */
  private async bring(
    name: string,
    { wanted, announced, isNew }: { wanted: string | null; announced: readonly string[]; isNew: boolean },
  ): Promise<boolean> {
    // A new key mostly meets nothing.
    if (isNew && wanted !== null && (await this.store.create(name, wanted, announced))) return true;
    for (let tried = 0; tried < tries; tried += 1) {
      const found = await this.store.read(name);
      if (found === NO_TEXT) throw new Error('Redis holds something else than a session under the name of a key');
      if (sessionHolds(wanted, found)) return tried > 0;
      if (await this.write(name, found, wanted, announced)) return true;
    }
    throw new Error('Others change the session of a key all the time');
  }

  private write(
    name: string,
    found: string | null,
    wanted: string | null,
    announced: readonly string[],
  ): Promise<boolean> {
    if (found === null) return wanted === null ? Promise.resolve(true) : this.store.create(name, wanted, announced);
    if (wanted === null) return this.store.remove(name, found, announced);
    return this.store.replace(name, found, wanted, announced);
  }

  private async repeat(row: KeyRow): Promise<void> {
    // What has changed since the look began has its own look.
    if (row.pending === null || (await this.index.current(row._id))?.version !== row.version) return;
    const changed = await this.apply(row);
    this.repeated.inc();
    this.logger.warn({ key: row._id, names: changed }, 'The change of a key did not hold, and was made again');
    const pending = { ...row.pending, due: this.due(), repeats: row.pending.repeats + 1 };
    if (await this.index.settle(row, pending)) return;
    // It has changed in this very moment, and what was just written may have undone that.
    const current = await this.index.current(row._id);
    if (current !== null) await this.apply(current);
  }
}
