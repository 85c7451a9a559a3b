import { Injectable } from '@nestjs/common';
import { mongo } from 'mongoose';
import { addToAggregate, type FoundAggregate, type RollupRow } from '@castellan/analytics';
import { AnalyticsCollections } from '../storage/collections';

/** Beyond this a document gets no new names: MongoDB takes none of more than 16 MB. */
const mostBytes = 12 * 1024 * 1024;

/** Writes the aggregates that tyk-pump writes, for tools that read them. */
@Injectable()
export class AggregateWriter {
  constructor(private readonly collections: AnalyticsCollections) {}

  /** Where to write those of an organisation; to be asked for before the transaction, which cannot make collections. */
  async targets(orgId: string): Promise<readonly mongo.Collection<FoundAggregate>[]> {
    return this.collections.aggregatesToWrite(orgId);
  }

  /** Adds the rows of hours, in the transaction that merges them. */
  async add(
    targets: readonly mongo.Collection<FoundAggregate>[],
    rows: readonly RollupRow[],
    session: mongo.ClientSession,
  ): Promise<void> {
    if (targets.length === 0) return;
    const hours = new Map<number, RollupRow[]>();
    for (const row of rows) {
      if (row.unit !== 'hour') continue;
      const at = row.at.getTime();
      hours.set(at, [...(hours.get(at) ?? []), row]);
    }
    for (const ofHour of hours.values()) {
      for (const target of targets) await this.addHour(target, ofHour, session);
    }
  }

  private async addHour(
    target: mongo.Collection<FoundAggregate>,
    rows: readonly RollupRow[],
    session: mongo.ClientSession,
  ): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    const before = await target.findOne({ orgid: first.orgId, timestamp: first.at }, { session });
    const whole = addToAggregate(before, rows, false);
    const document = mongo.BSON.calculateObjectSize(whole) > mostBytes ? addToAggregate(before, rows, true) : whole;
    if (before === null) await target.insertOne(document, { session });
    else await target.replaceOne({ _id: before._id }, document, { session });
  }
}
