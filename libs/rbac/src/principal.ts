import type { Grants } from './catalogue';

/** A user of one organisation, as an access key proves it. */
export interface UserPrincipal {
  readonly plane: 'organisation';
  /** 24 hex digits. */
  readonly userId: string;
  readonly email: string;
  /** 24 hex digits. */
  readonly organisationId: string;
  readonly grants: Grants;
  /** The id of the browser's session; null for an access key. */
  readonly sessionId: string | null;
}

export interface AdminPrincipal {
  readonly plane: 'admin';
}

export interface NodePrincipal {
  readonly plane: 'node';
}

export type Principal = UserPrincipal | AdminPrincipal | NodePrincipal;
