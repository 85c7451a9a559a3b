import { Injectable } from '@nestjs/common';
import {
  ChangeRecorder,
  RevisionStore,
  type Change,
  type ChangeContext,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import { Owners } from '../ownership/owners';
import { Sights } from '../ownership/sights';
import { KindStores } from './kind-stores';
import { StoredReferences } from './references';

const asItIs = (error: unknown): unknown => error;

/** What the services of all kinds need, and where they make themselves known. */
@Injectable()
export class ResourceTools {
  /** Services by the names of their kinds. */
  readonly services = new Map<string, unknown>();
  /** What follows when an organisation was removed, outside its transaction. */
  readonly afterRemoval: ((organisation: OrganisationId) => Promise<void>)[] = [];

  constructor(
    private readonly recorder: ChangeRecorder,
    readonly revisions: RevisionStore,
    readonly references: StoredReferences,
    readonly sights: Sights,
    readonly owners: Owners,
    readonly stores: KindStores,
  ) {}

  /**
   * Commits a change of any kind: the one way in which requests write configuration.
   *
   * @param explain says what is in the way when a unique index refuses it, and leaves other errors
   */
  async commit<T>(
    context: ChangeContext,
    work: (unit: UnitOfWork) => Promise<T>,
    explain: (error: unknown) => unknown = asItIs,
  ): Promise<T> {
    try {
      return await this.recorder.commit(context, work);
    } catch (error) {
      throw await explain(error);
    }
  }

  /** Commits what passes from one place to another. */
  async commitPassing<T>(
    contexts: { readonly from: ChangeContext; readonly to: ChangeContext },
    work: (units: { readonly from: UnitOfWork; readonly to: UnitOfWork }) => Promise<T>,
    explain: (error: unknown) => unknown,
  ): Promise<T> {
    try {
      return await this.recorder.commitPassing(contexts, work);
    } catch (error) {
      throw await explain(error);
    }
  }

  /** Runs the work to see what it would change, and takes everything back. */
  async dryRun<T>(
    context: ChangeContext,
    work: (unit: UnitOfWork) => Promise<T>,
    explain: (error: unknown) => unknown = asItIs,
  ): Promise<{ readonly value: T; readonly changes: readonly Change[] }> {
    try {
      return await this.recorder.dryRun(context, work);
    } catch (error) {
      throw await explain(error);
    }
  }

  /** Keeps a record of what changes no configuration and still has to be known afterwards. */
  recordAct(context: ChangeContext): Promise<void> {
    return this.recorder.recordAct(context);
  }
}
