import type { ClientSession } from 'mongoose';
import type { Actor, OrganisationId, OrganisationRow, Viewer } from '@castellan/persistence';

/** As much of a unit of work as those need who read and write nothing; a plan is made without a transaction. */
export interface ReadScope {
  readonly organisation: OrganisationId;
  /** Null for reads outside a transaction. */
  readonly session: ClientSession | null;
  readonly at: Date;
  /** Who wants it. */
  readonly actor: Actor;
  rules(): Promise<OrganisationRow>;
  /** Who is held to what is theirs; null when everything may be seen. */
  viewer(): Promise<Viewer | null>;
}
