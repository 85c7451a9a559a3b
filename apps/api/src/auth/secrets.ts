import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { toAccessKey } from '@castellan/tyk';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares in a time that tells nothing about where, or by how much, the two differ. */
export const equalSecrets = (given: string, expected: string): boolean =>
  timingSafeEqual(sha256(given), sha256(expected));

/** What of an access key is stored. The key has 104 random bits, so a plain hash cannot be turned back. */
export const accessKeyHash = (accessKey: string): string => sha256(accessKey).toString('hex');

/** A new access key, 32 hex digits as clients know them (docs/tyk/management.md). */
export const newAccessKey = (): string => toAccessKey(randomBytes(13).toString('hex'));
