import { Injectable } from '@nestjs/common';
import { Unauthorised } from '@castellan/dto';
import {
  ApiStore,
  ChangeRecorder,
  OrganisationStore,
  WebhookStore,
  type Change,
  type ChangeContext,
  type ChangeTransaction,
} from '@castellan/persistence';
import { StoredReferences } from './references';
import { ResourceTransaction } from './resource-transaction';

type Work<T> = (transaction: ResourceTransaction) => Promise<T>;

/** Opens transactions in which resources of an organisation are written; one may hold several resources of several kinds. */
@Injectable()
export class ResourceWriter {
  constructor(
    private readonly changes: ChangeRecorder,
    private readonly organisations: OrganisationStore,
    private readonly apis: ApiStore,
    private readonly webhooks: WebhookStore,
  ) {}

  async commit<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    return this.changes.commit(context, async (transaction) => work(await this.open(transaction)));
  }

  /** One part of a change that nodes are to see only as a whole; see {@link ChangeRecorder.commitPart}. */
  async commitPart<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    return this.changes.commitPart(context, async (transaction) => work(await this.open(transaction)));
  }

  /** Everything that a commit would check, and nothing written. */
  async rehearse<T>(context: ChangeContext, work: Work<T>): Promise<{ value: T; changes: readonly Change[] }> {
    return this.changes.rehearse(context, async (transaction) => work(await this.open(transaction)));
  }

  private async open(transaction: ChangeTransaction): Promise<ResourceTransaction> {
    const { session, context } = transaction;
    const rules = await this.organisations.byId(context.organisation, session);
    // An organisation that was deleted meanwhile has no users any more either.
    if (rules === null) throw new Unauthorised();
    const stores = { apis: this.apis, webhooks: this.webhooks };
    return new ResourceTransaction(transaction, rules, new StoredReferences(stores, context.organisation, session));
  }
}
