import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { ApiStore, type ApiRow, type ApiSummary, type OrganisationId } from '@castellan/persistence';
import { pieceInMemory } from '../http/list-in-memory';
import { pageCount, placeOf } from '../http/paging';
import { ApiListings } from './api-listings';
import { apiReply, compressedReply } from './api-reply';
import { orderNamed } from './listing';
import { wantedBy, type ApiSearch } from './list-query';

/** A piece of a list, as JSON texts. */
export interface ListOfTexts {
  readonly texts: readonly string[];
  readonly pages: number;
  /** Where the next piece begins; null after the last. */
  readonly next: string | null;
}

/** How often a category occurs. */
export interface CategoryCount {
  readonly name: string;
  readonly count: number;
}

/** Looks at many APIs at once: lists, searches and categories. */
@Injectable()
export class ApiListsService {
  constructor(
    private readonly listings: ApiListings,
    private readonly apis: ApiStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @param show what is shown of each API, where the query does not ask for less */
  async list(organisation: OrganisationId, query: ApiSearch, show = apiReply): Promise<ListOfTexts> {
    const { pageSize } = this.config;
    const place = placeOf(query);
    const listing = await this.listings.of(organisation);
    const order = query.sort ?? '-created_at';
    const everything = listing.inOrder(order);
    const wanted = wantedBy(query, listing.versionIds);
    const found = wanted === undefined ? everything : everything.filter(wanted);
    const { shown, next } = pieceInMemory(found, orderNamed(order), place, pageSize);
    const texts = query.compressed === true ? shown.map(compressedReply) : await this.whole(organisation, shown, show);
    return { texts, pages: pageCount(found.length, place, pageSize), next };
  }

  /** Every category of the organisation, the most frequent first. */
  async categories(organisation: OrganisationId): Promise<CategoryCount[]> {
    return [...(await this.members(organisation))]
      .map(([name, apiIds]) => ({ name, count: apiIds.length }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /** The `api_id`s of each category. */
  async groups(organisation: OrganisationId): Promise<Readonly<Record<string, readonly string[]>>> {
    return Object.fromEntries(await this.members(organisation));
  }

  /** What is shown of the APIs themselves; one that was deleted in this instant is left out. */
  private async whole(
    organisation: OrganisationId,
    shown: readonly ApiSummary[],
    show: (row: ApiRow) => string,
  ): Promise<readonly string[]> {
    if (shown.length === 0) return [];
    const rows = await this.apis.byIds(
      organisation,
      shown.map(({ _id }) => _id),
    );
    return rows.map(show);
  }

  private async members(organisation: OrganisationId): Promise<ReadonlyMap<string, readonly string[]>> {
    const members = new Map<string, string[]>();
    for (const { apiId, categories } of (await this.listings.of(organisation)).inOrder('created_at')) {
      for (const category of categories) {
        const known = members.get(category);
        if (known === undefined) members.set(category, [apiId]);
        else known.push(apiId);
      }
    }
    return members;
  }
}
