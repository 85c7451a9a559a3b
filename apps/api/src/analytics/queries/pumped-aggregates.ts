import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  aggregateCells,
  errorsAlone,
  partThatKnows,
  type AggregateCell,
  type AggregatePart,
  type FoundAggregate,
} from '@castellan/analytics';
import type { OrganisationId } from '@castellan/persistence';
import type { mongo } from 'mongoose';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { longestReadMs } from './reading-limits';
import { askedDimensions, fitsInto, type Question } from './question';

const hourMs = 3_600_000;

/** Answers from the aggregates that tyk-pump has written, which are by the hour and know some combinations of dimensions. */
@Injectable()
export class PumpedAggregates {
  constructor(private readonly collections: AnalyticsCollections) {}

  /**
   * @param take called with what is known of each hour
   * @returns false when they cannot answer, or there are none of that time
   */
  async read(
    organisation: OrganisationId,
    question: Question,
    take: (cell: AggregateCell, at: Date) => void,
  ): Promise<boolean> {
    const part = partFor(question);
    if (part === null || !fitsInto(question, hourMs)) return false;
    const { own, mixed } = this.collections.aggregates(organisation);
    for (const collection of [own, mixed]) {
      // A pump for both puts the same into both.
      if (await this.readFrom(collection, organisation, question, part, take)) return true;
    }
    return false;
  }

  private async readFrom(
    collection: mongo.Collection<FoundAggregate>,
    organisation: OrganisationId,
    question: Question,
    part: AggregatePart,
    take: (cell: AggregateCell, at: Date) => void,
  ): Promise<boolean> {
    const documents = collection.find(
      { orgid: organisation, timestamp: inTime(question.from, question.until) },
      { projection: { orgid: 1, timestamp: 1, [part]: 1 }, maxTimeMS: longestReadMs },
    );
    let found = false;
    for await (const document of documents) {
      found = true;
      await nextTurn();
      for (const cell of aggregateCells(document, part)) {
        const { measures } = cell;
        const errors = question.errorsOnly === true && part !== 'errors' ? errorsAlone(measures) : measures;
        if (errors.hits > 0) take({ ...cell, measures: errors }, document.timestamp);
      }
    }
    return found;
  }
}

/** The part of the documents that can answer; null when only the records can. */
const partFor = (question: Question): AggregatePart | null => {
  // A request with two of several tags would be counted twice, and neither percentiles nor different callers are known at all.
  if (question.callers === true || question.percentiles === true || (question.filters.tag?.length ?? 0) > 1)
    return null;
  return partThatKnows(askedDimensions(question));
};
