import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import {
  KeyIndex,
  type KeyFilter,
  type KeyRow,
  type OrganisationId,
  type Page,
  type Place,
} from '@castellan/persistence';
import { isKeyHash } from '@castellan/tyk';
import { pageCount, placeOf } from '../http/paging';
import { Sights, type Asker } from '../ownership/sights';
import { hashesOf } from './key-identity';
import type { KeySearch } from './key-queries';

export interface KeyPage {
  readonly rows: readonly KeyRow[];
  readonly pages: number;
  readonly total: number;
  /** Where the next piece begins; null after the last. */
  readonly next: string | null;
}

/** Lists of keys, from the index alone: they answer while Redis is away. */
@Injectable()
export class KeyListsService {
  constructor(
    private readonly index: KeyIndex,
    private readonly sights: Sights,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async page(asker: Asker, query: KeySearch, apiId?: string): Promise<KeyPage> {
    const { pageSize } = this.config;
    const place = placeOf(query);
    const without = await this.sights.hiddenKeys(asker);
    const filter = { ...(await this.filterOf(asker, query, apiId)), ...(without === null ? {} : { without }) };
    if ('page' in place && place.page === null) await this.requireFew(asker, filter);
    const page = await this.index.page(asker.organisation, filter, place, pageSize);
    return { ...page, pages: pageCount(page.total, place, pageSize) };
  }

  /** All keys of an organisation may be more than fits into a reply. */
  private async requireFew({ organisation }: Asker, filter: KeyFilter): Promise<void> {
    const { keyListLimit: most } = this.config;
    if (!(await this.index.hasMoreThan(organisation, filter, most))) return;
    const message = `There are more than ${most} keys; ask for them in pages, with p or after`;
    throw new CastellanError(400, 'limit_reached', message);
  }

  /** A piece of the same list, of a length of its own. */
  async piece(asker: Asker, query: Partial<KeySearch>, place: Place, size: number): Promise<Page<KeyRow>> {
    const without = await this.sights.hiddenKeys(asker);
    const filter = { ...(await this.filterOf(asker, query, undefined)), ...(without === null ? {} : { without }) };
    return this.index.page(asker.organisation, filter, place, size);
  }

  private async filterOf(
    { organisation }: Asker,
    query: Partial<KeySearch>,
    apiId: string | undefined,
  ): Promise<KeyFilter> {
    const { q, deleted } = query;
    const found = q === undefined ? {} : await this.foundBy(organisation, q, deleted === true);
    return { ...filterOf(query, apiId), ...found, ...(deleted === true ? { deleted } : {}) };
  }

  /**
   * What a text may be of keys, each looked up by its own index: for an alternative of fields, a server may read all keys there are.
   */
  private async foundBy(organisation: OrganisationId, text: string, deleted: boolean): Promise<KeyFilter> {
    if (isKeyHash(text)) return { ids: (await this.index.known([text])).map(({ _id }) => _id) };
    if (deleted) return { name: text };
    const user = await this.index.byUsername(organisation, text);
    if (user === null) return { alias: text };
    return (await this.index.hasMoreThan(organisation, { alias: text }, 0)) ? { name: text } : { ids: [user._id] };
  }

  /** The keys that a token leads to: one, or none. */
  async byToken(asker: Asker, token: string): Promise<KeyPage> {
    const { organisation } = asker;
    const row = await this.index.byHash(organisation, hashesOf(organisation, token));
    const rows = row === null || !(await this.sights.seesKey(asker, row)) ? [] : [row];
    return { rows, total: rows.length, pages: rows.length, next: null };
  }
}

function filterOf(query: Partial<KeySearch>, apiId: string | undefined): KeyFilter {
  const api = apiId ?? query.api;
  return {
    ...(query.alias === undefined ? {} : { alias: query.alias }),
    ...(query.username === undefined ? {} : { username: query.username }),
    ...(query.tag === undefined ? {} : { tag: query.tag }),
    ...(query.policy === undefined ? {} : { policyId: query.policy }),
    ...(api === undefined ? {} : { apiId: api }),
    ...(query.owner === undefined ? {} : { createdBy: query.owner }),
    ...(query.certificate === undefined ? {} : { certificate: query.certificate }),
    ...(query.inactive === undefined ? {} : { inactive: query.inactive }),
    ...(query.expires_from === undefined ? {} : { expiresFrom: query.expires_from.first }),
    ...(query.expires_to === undefined ? {} : { expiresTo: query.expires_to.last }),
  };
}
