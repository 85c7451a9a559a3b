import { Injectable } from '@nestjs/common';
import {
  ChangeRecorder,
  RevisionStore,
  type ChangeContext,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import { Owners } from '../ownership/owners';
import { Sights } from '../ownership/sights';
import { KindStores } from './kind-stores';
import { StoredReferences } from './references';

/** What the services of all kinds need, and where they make themselves known. */
@Injectable()
export class ResourceTools {
  /** Services by the names of their kinds. */
  readonly services = new Map<string, unknown>();
  /** What follows when an organisation was removed, outside its transaction. */
  readonly afterRemoval: ((organisation: OrganisationId) => Promise<void>)[] = [];

  constructor(
    readonly recorder: ChangeRecorder,
    readonly revisions: RevisionStore,
    readonly references: StoredReferences,
    readonly sights: Sights,
    readonly owners: Owners,
    readonly stores: KindStores,
  ) {}

  /**
   * Commits a change of any kind. @param explain says what is in the way when a unique index refuses it, and leaves other errors
   */
  async commit<T>(
    context: ChangeContext,
    work: (unit: UnitOfWork) => Promise<T>,
    explain: (error: unknown) => unknown,
  ): Promise<T> {
    try {
      return await this.recorder.commit(context, work);
    } catch (error) {
      throw await explain(error);
    }
  }
}
