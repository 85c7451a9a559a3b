import { Injectable } from '@nestjs/common';
import {
  ChangeFeed,
  Generations,
  userKind,
  usersNotListed,
  UserStore,
  type Span,
  type Place,
  type UserSummary,
} from '@castellan/persistence';
import { inOrder, pieceInMemory, type ListOrder } from '../http/list-in-memory';
import { HeldListings } from '../resources/held-listings';

/** The order in which users are listed: as they came. */
const asTheyCame: ListOrder<UserSummary> = {
  name: 'createdAt,_id',
  keys: [
    { valueOf: ({ createdAt }) => createdAt, direction: 1 },
    { valueOf: ({ _id }) => _id, direction: 1 },
  ],
};

/** What lists and searches look at of one organisation's users, as they were after one of its changes. */
class UserListing {
  private sorted: readonly UserSummary[] | null = null;

  constructor(
    readonly sequence: number,
    /** By hex id. */
    private readonly rows: ReadonlyMap<string, UserSummary>,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  advanced(sequence: number, ids: readonly string[], current: readonly UserSummary[]): UserListing {
    const rows = new Map(this.rows);
    for (const id of ids) rows.delete(id);
    for (const row of current) rows.set(row._id.toString(), row);
    return new UserListing(sequence, rows);
  }

  /** @param wanted a part of the name or the address, folded; empty for everybody */
  piece(
    wanted: string,
    place: Place,
    pageSize: number,
  ): { readonly shown: readonly UserSummary[]; readonly total: number; readonly next: string | null } {
    this.sorted ??= inOrder([...this.rows.values()], asTheyCame);
    const found = wanted === '' ? this.sorted : this.sorted.filter(({ searchText }) => searchText.includes(wanted));
    return { ...pieceInMemory(found, asTheyCame, place, pageSize), total: found.length };
  }
}

/** What lists and searches look at of users, held in memory. */
@Injectable()
export class UserListings extends HeldListings<UserSummary, UserListing> {
  constructor(users: UserStore, generations: Generations, feed: ChangeFeed) {
    const holding = {
      kind: userKind,
      without: usersNotListed,
      all: (span: Span) => users.summaries(span),
      listing: (sequence: number, rows: ReadonlyMap<string, UserSummary>) => new UserListing(sequence, rows),
    };
    super(holding, generations, feed);
  }
}
