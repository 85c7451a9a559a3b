const high = 0x80;

/** Puts numbers into bytes. */
export class NumberWriter {
  private bytes = Buffer.allocUnsafe(4_096);
  private end = 0;

  get written(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  /** @throws RangeError unless it is a whole number from 0 up to 2^53 */
  whole(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no count`);
    this.need(8);
    let rest = value;
    while (rest >= high) {
      this.bytes[this.end++] = (rest % high) | high;
      rest = Math.floor(rest / high);
    }
    this.bytes[this.end++] = rest;
  }

  /** Any number; null becomes NaN. */
  double(value: number | null): void {
    this.need(8);
    this.end = this.bytes.writeDoubleLE(value ?? Number.NaN, this.end);
  }

  /** Counts by number, which are sorted, as only the distances are written. */
  counts(counts: ReadonlyMap<number, number>): void {
    this.whole(counts.size);
    let before = 0;
    for (const [number, count] of [...counts].sort(([left], [right]) => left - right)) {
      this.whole(number - before);
      this.whole(count);
      before = number;
    }
  }

  private need(room: number): void {
    if (this.end + room <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(this.bytes.length * 2);
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}

/** Reads what {@link NumberWriter} has written. Its methods throw a RangeError when the bytes end too early. */
export class NumberReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  whole(): number {
    const { bytes } = this;
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = bytes[this.at++];
      if (byte === undefined) throw new RangeError('Cut off');
      if (byte < high) return value + byte * weight;
      value += (byte - high) * weight;
      weight *= high;
    }
  }

  double(): number | null {
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return Number.isNaN(value) ? null : value;
  }

  counts(into: Map<number, number>): void {
    let number = 0;
    for (let left = this.whole(); left > 0; left -= 1) {
      number += this.whole();
      into.set(number, this.whole());
    }
  }
}
