import { UnreadableRecord } from './unreadable';

/** An extension value: its type, and its bytes as they came. */
export class Extension {
  constructor(
    readonly type: number,
    readonly data: Buffer,
  ) {}
}

type Scalar = string | number | boolean | null | Buffer | Extension;

/** What MessagePack can hold. Maps stay maps, so that no name from the wire ever becomes a property of an object. */
export type WireValue = Scalar | readonly WireValue[] | ReadonlyMap<string, WireValue>;

/** Deeper than any record; a stack of headers costs a byte each and would end the process. */
const deepest = 16;

/**
 * Reads one MessagePack value that takes up all of the bytes. Integers beyond 2^53 come out as the nearest number. Lengths
 * are held against the bytes that are there before anything is made of them.
 *
 * @throws UnreadableRecord
 */
export const decodeMessagePack = (bytes: Buffer): WireValue => {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  reader.end();
  return value;
};

/** The fields of a map that comes first, as far as they can be read; none of what is something else. */
export const readableFields = (bytes: Buffer): ReadonlyMap<string, WireValue> => new Reader(bytes).readable();

class Reader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  end(): void {
    if (this.at !== this.bytes.length) throw new UnreadableRecord('There is more after the record');
  }

  readable(): ReadonlyMap<string, WireValue> {
    const fields = new Map<string, WireValue>();
    try {
      const head = this.uint(1);
      const isMap = (head >= 0x80 && head < 0x90) || head === 0xde || head === 0xdf;
      const length = head < 0x90 ? head & 0x0f : this.uint(head === 0xde ? 2 : 4);
      for (let index = 0; isMap && index < length; index += 1) {
        const name = this.value(1);
        const value = this.value(1);
        if (typeof name === 'string') fields.set(name, value);
      }
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
    }
    return fields;
  }

  value(depth: number): WireValue {
    if (depth > deepest) throw new UnreadableRecord('Nested too deep');
    const head = this.uint(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f, depth);
    if (head < 0xa0) return this.list(head & 0x0f, depth);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.headed(head, depth);
  }

  private headed(head: number, depth: number): WireValue {
    if (head === 0xc0) return null;
    if (head === 0xc2) return false;
    if (head === 0xc3) return true;
    if (head >= 0xc4 && head <= 0xc6) return this.take(this.uint(2 ** (head - 0xc4)));
    if (head >= 0xc7 && head <= 0xc9) return this.extension(this.uint(2 ** (head - 0xc7)));
    if (head === 0xca) return this.bytes.readFloatBE(this.skip(4));
    if (head === 0xcb) return this.bytes.readDoubleBE(this.skip(8));
    if (head >= 0xcc && head <= 0xce) return this.uint(2 ** (head - 0xcc));
    if (head === 0xcf) return Number(this.bytes.readBigUInt64BE(this.skip(8)));
    if (head >= 0xd0 && head <= 0xd2) return this.int(2 ** (head - 0xd0));
    if (head === 0xd3) return Number(this.bytes.readBigInt64BE(this.skip(8)));
    if (head >= 0xd4 && head <= 0xd8) return this.extension(2 ** (head - 0xd4));
    if (head >= 0xd9 && head <= 0xdb) return this.text(this.uint(2 ** (head - 0xd9)));
    if (head === 0xdc || head === 0xdd) return this.list(this.uint(head === 0xdc ? 2 : 4), depth);
    if (head === 0xde || head === 0xdf) return this.map(this.uint(head === 0xde ? 2 : 4), depth);
    throw new UnreadableRecord('No MessagePack');
  }

  private list(length: number, depth: number): readonly WireValue[] {
    this.room(length);
    const items: WireValue[] = [];
    for (let index = 0; index < length; index += 1) items.push(this.value(depth + 1));
    return items;
  }

  private map(length: number, depth: number): ReadonlyMap<string, WireValue> {
    this.room(length * 2);
    const fields = new Map<string, WireValue>();
    for (let index = 0; index < length; index += 1) {
      const name = this.value(depth + 1);
      if (typeof name !== 'string' && typeof name !== 'number') throw new UnreadableRecord('A field without a name');
      fields.set(String(name), this.value(depth + 1));
    }
    return fields;
  }

  private text(length: number): string {
    const from = this.skip(length);
    return this.bytes.toString('utf8', from, this.at);
  }

  private extension(length: number): Extension {
    const type = this.int(1);
    return new Extension(type, this.take(length));
  }

  private uint(length: number): number {
    const from = this.skip(length);
    return length === 1 ? this.bytes.readUInt8(from) : this.bytes.readUIntBE(from, length);
  }

  private int(length: number): number {
    return this.bytes.readIntBE(this.skip(length), length);
  }

  private take(length: number): Buffer {
    const from = this.skip(length);
    return this.bytes.subarray(from, this.at);
  }

  /** @returns where the bytes begin that are passed over */
  private skip(length: number): number {
    this.room(length);
    const from = this.at;
    this.at += length;
    return from;
  }

  /** Every value takes a byte at least. */
  private room(length: number): void {
    if (length > this.bytes.length - this.at) throw new UnreadableRecord('Cut off');
  }
}
