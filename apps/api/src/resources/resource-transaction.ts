import type { ClientSession } from 'mongoose';
import type { ChangeTransaction, OrganisationId, OrganisationRow } from '@castellan/persistence';
import type { References } from './references';

/** A transaction on behalf of an organisation, with the organisation's own rules as they stand inside it. */
export class ResourceTransaction {
  constructor(
    readonly changes: ChangeTransaction,
    readonly rules: OrganisationRow,
    readonly references: References,
  ) {}

  /** The same transaction, for drafts that refer to what is not written yet. */
  referringTo(references: References): ResourceTransaction {
    return new ResourceTransaction(this.changes, this.rules, references);
  }

  get organisation(): OrganisationId {
    return this.changes.context.organisation;
  }

  get session(): ClientSession {
    return this.changes.session;
  }
}
