import { Extension, type WireValue } from './msgpack';

/** Seconds since 1970 of the first instant of the year 1 and of the year 10000; what lies beyond is no time that people mean. */
const earliest = -62_135_596_800;
const latest = 253_402_300_800;

/** Milliseconds; the rest of the nanoseconds is cut, as MongoDB keeps no more. Null for Go's zero time. */
export const dateFrom = (seconds: number, nanoseconds: number): Date | null => {
  if (!Number.isFinite(seconds) || seconds <= earliest) return null;
  if (seconds >= latest) return new Date(latest * 1_000 - 1);
  return new Date(Math.floor(seconds) * 1_000 + Math.floor(nanoseconds / 1_000_000));
};

/**
 * The time in a MessagePack record: `[seconds, nanoseconds]` as gateways of all generations write it, the timestamp extension
 * in its three lengths, or whole seconds. Null when there is none.
 */
export const dateOf = (value: WireValue | undefined): Date | null => {
  if (typeof value === 'number') return dateFrom(value, 0);
  if (typeof value === 'string') return dateOfText(value);
  if (value instanceof Extension) return value.type === -1 ? dateOfExtension(value.data) : null;
  if (!Array.isArray(value)) return null;
  const [seconds, nanoseconds = 0] = value as readonly WireValue[];
  if (typeof seconds !== 'number' || typeof nanoseconds !== 'number') return null;
  return dateFrom(seconds, nanoseconds);
};

const dateOfText = (text: string): Date | null => {
  const millis = Date.parse(text);
  return Number.isNaN(millis) ? null : dateFrom(Math.floor(millis / 1_000), (millis % 1_000) * 1_000_000);
};

/** Four bytes of seconds; 30 bits of nanoseconds and 34 of seconds; or four bytes of nanoseconds and eight of seconds. */
const dateOfExtension = (data: Buffer): Date | null => {
  if (data.length === 4) return dateFrom(data.readUInt32BE(), 0);
  if (data.length === 8) {
    const bits = data.readBigUInt64BE();
    return dateFrom(Number(bits & 0x3_ffff_ffffn), Number(bits >> 34n));
  }
  if (data.length === 12) return dateFrom(Number(data.readBigInt64BE(4)), data.readUInt32BE());
  return null;
};
