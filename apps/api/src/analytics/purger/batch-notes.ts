import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { AnalyticsCollections } from '../storage/collections';
import type { Batch } from './batch-queue';

/** Somebody else has stored these records, or is about to. */
export class BatchMoved extends Error {
  constructor(key: string) {
    super(`Batch ${key} has gone on without us`);
    this.name = 'BatchMoved';
  }
}

/**
 * How long it is remembered that a batch is stored, in milliseconds: a Redis that fails over may bring a batch back that was
 * deleted, and a purger that was paused may still have one in hand.
 */
const rememberedMs = 86_400_000;

/** How far each batch is stored, in MongoDB; this, and no lock, is what keeps a record from being stored twice. */
@Injectable()
export class BatchNotes {
  constructor(private readonly collections: AnalyticsCollections) {}

  /** How many records of the batch are stored. */
  async done({ key, total }: Batch): Promise<number> {
    const { batches } = this.collections;
    try {
      await batches.updateOne({ _id: key }, { $setOnInsert: { done: 0, total } }, { upsert: true });
    } catch (error) {
      // Two purgers made the note at the same moment.
      if (!(error instanceof Error) || !('code' in error) || error.code !== 11_000) throw error;
    }
    const note = await batches.findOne({ _id: key });
    return note?.done ?? 0;
  }

  /** Notes in the transaction that these records are stored. @throws BatchMoved when they are not the next ones any more */
  async advance(
    { key, total }: Batch,
    from: number,
    to: number,
    now: Date,
    session: mongo.ClientSession,
  ): Promise<void> {
    const expireAt = new Date(now.getTime() + rememberedMs);
    const result = await this.collections.batches.updateOne(
      { _id: key, done: from },
      { $set: { done: to, ...(to >= total ? { expireAt } : {}) } },
      { session },
    );
    if (result.matchedCount !== 1) throw new BatchMoved(key);
  }
}
