import type { OrganisationId } from '@castellan/persistence';

/** What somebody shows to be let in. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Which organisation is meant, when the address exists in several; null when that was not said. */
  readonly organisation: OrganisationId | null;
  /** A code of the second factor; empty when none was given. */
  readonly code: string;
  /** The password to have from now on; empty to keep the one there is. */
  readonly newPassword: string;
}
