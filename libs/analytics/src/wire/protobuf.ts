import { UnreadableRecord } from './unreadable';

/** Values of one message by field number, in the order in which they came; numbers as their bits. */
export type Message = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

const longestVarint = 10n;

/**
 * Reads the fields of one Protocol Buffers message.
 *
 * @throws UnreadableRecord
 */
export const decodeMessage = (bytes: Buffer): Message => {
  const fields = new Map<number, (bigint | Buffer)[]>();
  readInto(fields, bytes);
  return fields;
};

/** Those fields that can be read before something is wrong. */
export const readableMessage = (bytes: Buffer): Message => {
  const fields = new Map<number, (bigint | Buffer)[]>();
  try {
    readInto(fields, bytes);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
  }
  return fields;
};

const readInto = (fields: Map<number, (bigint | Buffer)[]>, bytes: Buffer): void => {
  let at = 0;

  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new UnreadableRecord('Cut off');
    const part = bytes.subarray(at, at + length);
    at += length;
    return part;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let index = 0n; index < longestVarint; index += 1n) {
      const byte = take(1).readUInt8();
      value |= BigInt(byte & 0x7f) << (7n * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new UnreadableRecord('A number that is too long');
  };
  const valueOf = (type: number): bigint | Buffer => {
    if (type === 0) return varint();
    if (type === 1) return take(8);
    if (type === 2) return take(Number(varint()));
    if (type === 5) return take(4);
    throw new UnreadableRecord('No Protocol Buffers');
  };

  while (at < bytes.length) {
    const tag = Number(varint());
    const field = Math.floor(tag / 8);
    if (field === 0) throw new UnreadableRecord('No Protocol Buffers');
    const values = fields.get(field);
    const value = valueOf(tag % 8);
    if (values === undefined) fields.set(field, [value]);
    else values.push(value);
  }
};

// Of fields that may stand once, the last one counts; what is missing is the type's zero value.

/** A signed integer. */
export const intOf = (message: Message, field: number): number => {
  const value = message.get(field)?.at(-1);
  return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
};

export const flagOf = (message: Message, field: number): boolean => intOf(message, field) !== 0;

export const doubleOf = (message: Message, field: number): number => {
  const value = message.get(field)?.at(-1);
  return Buffer.isBuffer(value) && value.length === 8 ? value.readDoubleLE() : 0;
};

const buffersOf = (message: Message, field: number): readonly Buffer[] =>
  (message.get(field) ?? []).filter((value) => Buffer.isBuffer(value));

export const textsOf = (message: Message, field: number): readonly string[] =>
  buffersOf(message, field).map((value) => value.toString('utf8'));

export const textOf = (message: Message, field: number): string => textsOf(message, field).at(-1) ?? '';

export const messageOf = (message: Message, field: number): Message | null => {
  const value = message.get(field)?.at(-1);
  return Buffer.isBuffer(value) ? decodeMessage(value) : null;
};

export const messagesOf = (message: Message, field: number): readonly Message[] =>
  buffersOf(message, field).map(decodeMessage);
