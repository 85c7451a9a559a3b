import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { ApiStore, type ApiRow, type ApiSummary, type Span } from '@castellan/persistence';
import { pieceInMemory } from '../http/list-in-memory';
import { pageCount, placeOf } from '../http/paging';
import { Sights, type Asker, type SpanAsker } from '../ownership/sights';
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
    private readonly sights: Sights,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @param show what is shown of each API, where the query does not ask for less */
  async list(asker: SpanAsker, query: ApiSearch, show = apiReply): Promise<ListOfTexts> {
    const { pageSize } = this.config;
    const place = placeOf(query);
    const { organisation } = asker;
    const listing = await this.listings.of(organisation);
    const sight = await this.sights.of(asker);
    const order = query.sort ?? '-created_at';
    const all = listing.inOrder(order);
    const everything = sight === null ? all : all.filter((row) => sight.seesApi(row));
    const wanted = wantedBy(query, (row) => listing.isVersion(row));
    const found = wanted === undefined ? everything : everything.filter(wanted);
    const { shown, next } = pieceInMemory(found, orderNamed(order), place, pageSize);
    const texts = query.compressed === true ? shown.map(compressedReply) : await this.whole(organisation, shown, show);
    return { texts, pages: pageCount(found.length, place, pageSize), next };
  }

  /** Every category of the organisation, the most frequent first. */
  async categories(asker: Asker): Promise<CategoryCount[]> {
    return [...(await this.members(asker))]
      .map(([name, apiIds]) => ({ name, count: apiIds.length }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /** The `api_id`s of each category. */
  async groups(asker: Asker): Promise<Readonly<Record<string, readonly string[]>>> {
    return Object.fromEntries(await this.members(asker));
  }

  /** What is shown of the APIs themselves; one that was deleted in this instant is left out. */
  private async whole(
    span: Span,
    shown: readonly ApiSummary[],
    show: (row: ApiRow) => string,
  ): Promise<readonly string[]> {
    if (shown.length === 0) return [];
    const rows = await this.apis.byIds(
      span,
      shown.map(({ _id }) => _id),
    );
    return rows.map(show);
  }

  private async members(asker: Asker): Promise<ReadonlyMap<string, readonly string[]>> {
    const members = new Map<string, string[]>();
    const sight = await this.sights.of(asker);
    const rows = sight?.apis ?? (await this.listings.of(asker.organisation)).inOrder('created_at');
    for (const { apiId, categories } of rows) {
      for (const category of categories) {
        const known = members.get(category);
        if (known === undefined) members.set(category, [apiId]);
        else known.push(apiId);
      }
    }
    return members;
  }
}
