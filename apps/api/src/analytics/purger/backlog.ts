import type { Batch, BatchQueue } from './batch-queue';
import type { BatchNotes } from './batch-notes';
import type { Slice } from './chunk';

/** Bytes of records that are held in memory at a time. */
const mostBytes = 8 * 1024 * 1024;
/** Records that are read of a batch before it is known how large they are: each may have tens of megabytes. */
const firstRead = 4;
/** How many times as many may be read next as there are: those that follow may be larger than these. */
const growth = 4;

interface Waiting {
  readonly batch: Batch;
  /** Records that are stored; null until MongoDB was asked. */
  done: number | null;
  /** Records that are stored or in somebody's hand, who is about to store them. */
  taken: number;
}

/** The batches that are known to wait, and what of them comes next. */
export class Backlog {
  private readonly waiting = new Map<string, Waiting>();

  constructor(
    private readonly queue: () => BatchQueue,
    private readonly notes: BatchNotes,
  ) {}

  add(batches: readonly Batch[]): void {
    for (const batch of batches)
      if (!this.waiting.has(batch.key)) this.waiting.set(batch.key, { batch, done: null, taken: 0 });
  }

  clear(): void {
    this.waiting.clear();
  }

  /** How many records wait. */
  get records(): number {
    return [...this.waiting.values()].reduce((sum, { batch, done }) => sum + batch.total - (done ?? 0), 0);
  }

  /** When the oldest one was taken; null when none waits. */
  get since(): Date | null {
    const times = [...this.waiting.values()].map(({ batch }) => batch.claimedAt.getTime());
    return times.length === 0 ? null : new Date(times.reduce((least, time) => Math.min(least, time)));
  }

  /**
   * The next records, out of as many batches as it takes, bounded in number and bytes. They are the caller's until
   * {@link stored} or {@link giveBack} says what became of them; who asks again meanwhile gets those that follow.
   */
  async next(most: number): Promise<readonly Slice[]> {
    const slices: Slice[] = [];
    try {
      await this.takeInto(slices, most);
    } catch (error) {
      // Nobody hears of what was taken before it.
      this.giveBack(slices);
      throw error;
    }
    return slices;
  }

  private async takeInto(slices: Slice[], most: number): Promise<void> {
    let [records, bytes] = [0, 0];
    for (const waiting of this.waiting.values()) {
      if (records >= most || bytes >= mostBytes) break;
      waiting.done ??= waiting.taken = await this.notes.done(waiting.batch);
      const { batch, taken } = waiting;
      const slice = await this.slice(batch, taken, most - records, mostBytes - bytes);
      if (slice.bytes.length === 0) {
        // Stored to the end, or deleted by whoever did so. What is in hand may still fail, and is needed then.
        if (waiting.done === taken) await this.finish(waiting);
        continue;
      }
      slices.push(slice);
      waiting.taken = taken + slice.bytes.length;
      records += slice.bytes.length;
      bytes += sizeOf(slice.bytes);
    }
  }

  /** After the commit. */
  async stored(slices: readonly Slice[]): Promise<void> {
    const known: Waiting[] = [];
    for (const { batch, from, bytes } of slices) {
      const waiting = this.waiting.get(batch.key);
      if (waiting === undefined) continue;
      waiting.done = from + bytes.length;
      waiting.taken = Math.max(waiting.taken, waiting.done);
      known.push(waiting);
    }
    // Redis may be out of reach here; by then it is known of all of them that they are stored.
    for (const waiting of known) if ((waiting.done ?? 0) >= waiting.batch.total) await this.finish(waiting);
  }

  /** After a failure, or without having tried: MongoDB knows what came of it. */
  giveBack(slices: readonly Slice[]): void {
    for (const { batch } of slices) {
      const waiting = this.waiting.get(batch.key);
      if (waiting !== undefined) waiting.done = null;
    }
  }

  private async finish({ batch }: Waiting): Promise<void> {
    await this.queue().drop(batch);
    this.waiting.delete(batch.key);
  }

  private async slice(batch: Batch, from: number, most: number, roomBytes: number): Promise<Slice> {
    const bytes: Buffer[] = [];
    let size = 0;
    const end = Math.min(batch.total, from + most);
    while (from + bytes.length < end && size < roomBytes) {
      const average = Math.max(size / bytes.length, 1);
      const fitting =
        bytes.length === 0 ? firstRead : Math.min(Math.ceil((roomBytes - size) / average), bytes.length * growth);
      const part = await this.queue().read(batch, from + bytes.length, Math.min(fitting, end - from - bytes.length));
      if (part.length === 0) break;
      bytes.push(...part);
      size += sizeOf(part);
    }
    return { batch, from, bytes };
  }
}

const sizeOf = (bytes: readonly Buffer[]): number => bytes.reduce((sum, { length }) => sum + length, 0);
