import type { OrganisationId } from '../ids';
import type { Viewer } from '../resources/owned';
import type { Actor } from './rows';

/** Who asks for what, in whose organisation: the explicit first parameter of every service that writes. */
export interface ChangeContext {
  readonly organisation: OrganisationId;
  readonly actor: Actor;
  /** In Tyk's words, such as `Update API`. */
  readonly action: string;
  readonly request: {
    readonly id: string;
    readonly method: string;
    /** Without the query. */
    readonly path: string;
    readonly ip: string;
  };
  /** From `X-Change-Reason`; empty when none was given. */
  readonly reason: string;
  /** Who may be held to what is theirs; absent for those who see everything. */
  readonly viewer?: Viewer;
}

/** The same of an act that may concern no organisation, or none that there is. */
export type ActContext = Omit<ChangeContext, 'organisation'> & { readonly organisation: string | null };
