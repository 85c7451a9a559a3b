import { Injectable } from '@nestjs/common';
import { Unauthorised } from '@castellan/dto';
import {
  ChangeRecorder,
  OrganisationStore,
  type Change,
  type ChangeContext,
  type ChangeTransaction,
} from '@castellan/persistence';
import { ResourceTransaction } from './resource-transaction';

type Work<T> = (transaction: ResourceTransaction) => Promise<T>;

/** Opens transactions in which resources of an organisation are written; one may hold several resources of several kinds. */
@Injectable()
export class ResourceWriter {
  constructor(
    private readonly changes: ChangeRecorder,
    private readonly organisations: OrganisationStore,
  ) {}

  async commit<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    return this.changes.commit(context, async (transaction) => work(await this.open(transaction)));
  }

  /** Everything that a commit would check, and nothing written. */
  async rehearse<T>(context: ChangeContext, work: Work<T>): Promise<{ value: T; changes: readonly Change[] }> {
    return this.changes.rehearse(context, async (transaction) => work(await this.open(transaction)));
  }

  private async open(transaction: ChangeTransaction): Promise<ResourceTransaction> {
    const rules = await this.organisations.byId(transaction.context.organisation, transaction.session);
    // An organisation that was deleted meanwhile has no users any more either.
    if (rules === null) throw new Unauthorised();
    return new ResourceTransaction(transaction, rules);
  }
}
