import { Types } from 'mongoose';
import { ValidationFailed } from '@castellan/dto';
import { isObjectIdText, toObjectId } from './ids';

/** What lists are in the order of. */
export type PositionValue = string | number | Date | Types.ObjectId;

/** A position in a list as text that clients send back: the order of the list, and where in it. */
export const encodePosition = (order: string, values: readonly PositionValue[]): string =>
  Buffer.from(JSON.stringify([order, ...values.map(written)])).toString('base64url');

const written = (value: PositionValue): readonly [string, string | number] => {
  if (value instanceof Date) return ['d', value.getTime()];
  if (value instanceof Types.ObjectId) return ['i', value.toString()];
  return typeof value === 'number' ? ['n', value] : ['s', value];
};

/** @throws ValidationFailed for what is no position in a list of this order */
export const decodePosition = (order: string, position: string): readonly PositionValue[] => {
  const parts = parsed(position);
  const values = parts?.slice(1).map(read) ?? [];
  const isWhole = parts?.[0] === order && !values.includes(undefined);
  if (isWhole) return values.filter((value) => value !== undefined);
  throw new ValidationFailed([
    { path: 'after', message: 'must be what a piece of this list in this order ended with' },
  ]);
};

const parsed = (position: string): readonly unknown[] | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(position, 'base64url').toString());
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Only the types that are written are read: a position goes into a query. */
const read = (part: unknown): PositionValue | undefined => {
  if (!Array.isArray(part)) return undefined;
  const entry: readonly unknown[] = part;
  const [type, value] = entry;
  if (type === 's' && typeof value === 'string') return value;
  if (type === 'i' && typeof value === 'string' && isObjectIdText(value)) return toObjectId(value);
  if (typeof value !== 'number') return undefined;
  if (type === 'n') return value;
  return type === 'd' && !Number.isNaN(new Date(value).getTime()) ? new Date(value) : undefined;
};
