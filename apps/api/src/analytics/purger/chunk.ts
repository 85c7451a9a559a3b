import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  decodeRecord,
  decodeUptime,
  UnreadableRecord,
  uptimeList,
  type AnalyticsRecord,
  type UptimeRecord,
} from '@castellan/analytics';
import type { Batch } from './batch-queue';

/** Records of one batch that lie side by side. */
export interface Slice {
  readonly batch: Batch;
  readonly from: number;
  readonly bytes: readonly Buffer[];
}

/** What was read of some slices; they are stored in one transaction. */
export interface Chunk {
  readonly slices: readonly Slice[];
  readonly records: readonly AnalyticsRecord[];
  readonly uptime: readonly UptimeRecord[];
  readonly unreadable: readonly Unreadable[];
}

export interface Unreadable {
  readonly list: string;
  readonly bytes: Buffer;
  readonly reason: string;
}

/** Records that are decoded before requests get a turn: about two milliseconds. */
const decodedAtOnce = 100;

export const countOf = (slices: readonly Slice[]): number => slices.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** @param refused why the records cannot be stored, when that is known already */
export const decodeSlices = async (slices: readonly Slice[], refused: string | null = null): Promise<Chunk> => {
  const records: AnalyticsRecord[] = [];
  const uptime: UptimeRecord[] = [];
  const unreadable: Unreadable[] = [];
  let decoded = 0;
  for (const { batch, bytes } of slices) {
    for (const one of bytes) {
      if ((decoded += 1) % decodedAtOnce === 0) await nextTurn();
      if (refused !== null) {
        unreadable.push({ list: batch.list, bytes: one, reason: refused });
        continue;
      }
      try {
        if (batch.list === uptimeList) uptime.push(decodeUptime(one));
        else records.push(decodeRecord(batch.list, one));
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) throw error;
        unreadable.push({ list: batch.list, bytes: one, reason: error.message });
      }
    }
  }
  return { slices, records, uptime, unreadable };
};
