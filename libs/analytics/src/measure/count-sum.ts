import type { NumberReader } from './number-bytes';

/**
 * Adds up counts by number where they come sorted, as packs have them: many times as fast as a map, and thousands of sketches
 * of hundreds of buckets are what a question about many keys adds up.
 */
export class CountSum {
  private numbers: number[] = [];
  private counts: number[] = [];

  /** Adds the next counts that were packed. */
  read(reader: NumberReader): void {
    const { numbers, counts } = this;
    const end = numbers.length;
    let [number, own, unsorted] = [0, 0, false];
    for (let left = reader.whole(); left > 0; left -= 1) {
      number += reader.whole();
      while (own < end && (numbers[own] ?? 0) < number) own += 1;
      const count = reader.whole();
      if (own < end && numbers[own] === number) counts[own] = (counts[own] ?? 0) + count;
      else {
        // Behind the others for now: most sketches have few buckets that the ones before did not have.
        unsorted ||= own < end;
        numbers.push(number);
        counts.push(count);
      }
    }
    if (unsorted) this.sort();
  }

  /** Adds everything to other counts, and begins anew. */
  moveTo(into: Map<number, number>): void {
    for (const [index, number] of this.numbers.entries()) {
      into.set(number, (into.get(number) ?? 0) + (this.counts[index] ?? 0));
    }
    this.numbers = [];
    this.counts = [];
  }

  private sort(): void {
    const pairs = this.numbers.map((number, index) => [number, this.counts[index] ?? 0] as const);
    pairs.sort(([left], [right]) => left - right);
    this.numbers = pairs.map(([number]) => number);
    this.counts = pairs.map(([, count]) => count);
  }
}
