import { Injectable } from '@nestjs/common';
import {
  apiKind,
  ApiStore,
  ChangeFeed,
  Generations,
  notListed,
  type ApiSummary,
  type Span,
} from '@castellan/persistence';
import { HeldListings } from '../resources/held-listings';
import { ApiListing } from './listing';

/** What lists show of APIs, held in memory. */
@Injectable()
export class ApiListings extends HeldListings<ApiSummary, ApiListing> {
  constructor(apis: ApiStore, generations: Generations, feed: ChangeFeed) {
    const holding = {
      kind: apiKind,
      without: notListed,
      all: (span: Span) => apis.summaries(span),
      listing: (sequence: number, rows: ReadonlyMap<string, ApiSummary>) => new ApiListing(sequence, rows),
    };
    super(holding, generations, feed);
  }
}
