import { Injectable } from '@nestjs/common';
import {
  ChangeRecorder,
  RevisionStore,
  type OrganisationId,
  type ResourceRow,
  type ResourceStore,
  type UnitOfWork,
} from '@castellan/persistence';
import { Owners } from '../ownership/owners';
import { Sights } from '../ownership/sights';
import { StoredReferences } from './references';

/** A store of any kind, for those who count or remove everything in it. */
export interface StoreOfAny {
  count(organisation: OrganisationId, unit: UnitOfWork): Promise<number>;
  removeAll(organisation: OrganisationId, unit: UnitOfWork): Promise<void>;
}

/** What the services of all kinds need, and where they make themselves known. */
@Injectable()
export class ResourceTools {
  /** Services by the names of their kinds. */
  readonly services = new Map<string, unknown>();
  /** Stores by the names of their kinds. */
  readonly stores = new Map<string, StoreOfAny>();

  /** What follows when an organisation was removed, outside its transaction. */
  readonly afterRemoval: ((organisation: OrganisationId) => Promise<void>)[] = [];

  constructor(
    readonly recorder: ChangeRecorder,
    readonly revisions: RevisionStore,
    readonly references: StoredReferences,
    readonly sights: Sights,
    readonly owners: Owners,
  ) {}

  /** Makes the rows of a kind go with their organisation. */
  addStore<Row extends ResourceRow>(store: ResourceStore<Row>): void {
    this.stores.set(store.kind.name, {
      count: (organisation, { session }) => store.count(organisation, {}, session),
      removeAll: async (organisation, unit) => {
        for (const row of await store.findAll(organisation, {}, unit.session)) await store.remove(unit, row);
      },
    });
  }
}
