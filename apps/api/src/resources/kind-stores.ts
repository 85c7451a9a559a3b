import { Injectable } from '@nestjs/common';
import type { QueryFilter } from 'mongoose';
import type { Head, OrganisationId, Owned, ResourceRow, ResourceStore, Span, UnitOfWork } from '@castellan/persistence';

/** Whatever keeps the resources of a kind, for those who count or remove everything in it. */
export interface Keeper {
  count(organisation: OrganisationId, unit: UnitOfWork): Promise<number>;
  removeAll(organisation: OrganisationId, unit: UnitOfWork): Promise<void>;
}

/** The head of a row of any kind, with what only some have. */
export type AnyHead = Head<ResourceRow> &
  Partial<Owned> & {
    readonly name?: string;
    /** `api_id`s that it gives access to. */
    readonly apiIds?: readonly string[];
  };

/** Heads of rows of a kind that a filter finds, or that answer to an id of a request. */
interface Rows {
  heads(
    organisation: OrganisationId,
    filter: QueryFilter<ResourceRow>,
    unit: Pick<UnitOfWork, 'session'>,
  ): Promise<readonly AnyHead[]>;
}

type Named = (span: Span, id: string) => Promise<readonly AnyHead[]>;

/** Where the resources of each kind are, by the name of the kind. Who keeps some says so while the application starts. */
@Injectable()
export class KindStores {
  private readonly keepers = new Map<string, Keeper>();
  private readonly rows = new Map<string, Rows>();
  private readonly named = new Map<string, Named>();

  /** Makes resources that are no rows go with their organisation. */
  keep(kind: string, keeper: Keeper): void {
    this.keepers.set(kind, keeper);
  }

  /** Makes the rows of a store go with their organisation, and lets them be looked for. */
  add<Row extends ResourceRow>(store: ResourceStore<Row>): void {
    this.keep(store.kind.name, {
      count: (organisation, { session }) => store.count(organisation, {}, session),
      removeAll: async (organisation, unit) => {
        for (const row of await store.findAll(organisation, {}, unit.session)) await store.remove(unit, row);
      },
    });
    this.rows.set(store.kind.name, {
      // Whoever asks about any kind asks by fields that the kind says it has.
      heads: (organisation, filter, { session }) => store.heads(organisation, filter, session),
    });
  }

  /** Says how rows of a kind are found by an id of a request. */
  answer(kind: string, named: Named): void {
    this.named.set(kind, named);
  }

  has(kind: string): boolean {
    return this.keepers.has(kind);
  }

  /** @throws TypeError for a kind that nobody keeps */
  of(kind: string): Keeper {
    return found(this.keepers, kind);
  }

  /** @throws TypeError for a kind without rows */
  rowsOf(kind: string): Rows {
    return found(this.rows, kind);
  }

  /** The rows that an id of a request means. @throws TypeError for a kind without a service */
  headsNamed(kind: string, span: Span, id: string): Promise<readonly AnyHead[]> {
    return found(this.named, kind)(span, id);
  }
}

const found = <T>(map: ReadonlyMap<string, T>, kind: string): T => {
  const value = map.get(kind);
  if (value === undefined) throw new TypeError(`Nobody keeps the kind ${kind}`);
  return value;
};
