import type { Grants } from './catalogue';

/** Somebody with an access key or a session. */
interface Person {
  readonly plane: 'organisation';
  /** 24 hex digits. */
  readonly userId: string;
  readonly email: string;
  /**
   * 24 hex digits: whose the user is or, of a super user, the one that the request is about; empty until that is known, and
   * for lists of all.
   */
  readonly organisationId: string;
  /** Own rights and those of the active groups together. */
  readonly grants: Grants;
  /** The id of the browser's session; null for an access key. */
  readonly sessionId: string | null;
  /** A program, which never logs in. */
  readonly isService: boolean;
  /** Requests a minute; null for what the installation says. */
  readonly rateLimit: number | null;
  /** 24-hex ids of the groups. */
  readonly groupIds: readonly string[];
}

interface OrganisationUser extends Person {
  readonly isSuper: false;
}

/** Of no organisation, and an administrator of each. */
export interface SuperUser extends Person {
  readonly isSuper: true;
}

/** A user of one organisation or, for the time of a request, a super user in one. */
export type UserPrincipal = OrganisationUser | SuperUser;

export interface AdminPrincipal {
  readonly plane: 'operator';
  /** The name of the secret. */
  readonly operator: string;
}

export interface NodePrincipal {
  readonly plane: 'node';
}

export type Principal = UserPrincipal | AdminPrincipal | NodePrincipal;
