import type { TimeSpan } from '../storage/in-time';
import type { ReadingTime } from './reading-limits';

/** The first stretch, in milliseconds, and how many times as long each may be as the one before. */
const firstMs = 10_000;
const growth = 5;
/** Somewhat longer than the last one says is needed, so that traffic which gets less is no reason to look three times. */
const margin = 1.2;

/**
 * A time from its end to its beginning, in stretches that hold about as many requests as are wanted still, so that a database
 * which sorts all that it finds has to find little.
 */
export class Stretches {
  private readonly from: number;
  private end: number;
  private length = firstMs;

  /** @param time what is left for all of them together */
  constructor(
    { from, until }: TimeSpan,
    private readonly time: Pick<ReadingTime, 'check'>,
  ) {
    this.from = from.getTime();
    this.end = until.getTime();
  }

  /** The one that is to be looked through; null when there is none left. @throws CastellanError when the time is over */
  get next(): TimeSpan | null {
    if (this.end <= this.from) return null;
    this.time.check();
    return { from: new Date(Math.max(this.from, this.end - this.length)), until: new Date(this.end) };
  }

  /**
   * Goes on to the stretch before that.
   *
   * @param found how many requests the last one had
   * @param missing how many are wanted still
   */
  goOn(found: number, missing: number): void {
    this.end -= this.length;
    const longest = this.length * growth;
    const enough = found === 0 ? longest : Math.ceil((this.length * margin * missing) / found);
    this.length = Math.max(Math.min(enough, longest), 1);
  }
}
