import type { ClientSession } from 'mongoose';
import type { ChangeTransaction, OrganisationId, OrganisationRow } from '@castellan/persistence';

/** A transaction on behalf of an organisation, with the organisation's own rules as they stand inside it. */
export class ResourceTransaction {
  constructor(
    readonly changes: ChangeTransaction,
    readonly rules: OrganisationRow,
  ) {}

  get organisation(): OrganisationId {
    return this.changes.context.organisation;
  }

  get session(): ClientSession {
    return this.changes.session;
  }
}
