import { ownField, type JsonValue } from '../json/json-text';
import { flagAt, listAt, numberAt, objectAt, textAt } from '../json/read';
import { certificatesOf } from './session-certificates';
import { policiesOf, type Session } from './session';
import { sessionForCallers } from './session-form';

/** What keys are found by. Nothing in it opens anything. */
export interface SessionFacts {
  readonly organisationId: string;
  readonly alias: string;
  readonly apiIds: readonly string[];
  readonly policyIds: readonly string[];
  readonly tags: readonly string[];
  /** The certificate that opens it. */
  readonly certificate: string;
  /** All that it names. */
  readonly certificates: readonly string[];
  readonly oauthClient: string;
  readonly inactive: boolean;
  /** Seconds since 1970, or null for never. */
  readonly expires: number | null;
  readonly created: Date | null;
  readonly updated: Date | null;
}

export function sessionFacts(stored: Session): SessionFacts {
  const session = sessionForCallers(stored);
  const expires = numberAt(session, 'expires');
  return {
    organisationId: textAt(session, 'org_id'),
    alias: textAt(session, 'alias'),
    apiIds: Object.keys(objectAt(session, 'access_rights')),
    policyIds: policiesOf(session),
    tags: [...new Set(listAt(session, 'tags').filter((tag) => typeof tag === 'string'))],
    certificate: textAt(session, 'certificate'),
    certificates: [...new Set(certificatesOf(session).map(({ id }) => id))],
    oauthClient: textAt(session, 'oauth_client_id'),
    inactive: flagAt(session, 'is_inactive'),
    expires: expires > 0 ? expires : null,
    created: dateOf(ownField(session, 'date_created')),
    updated: dateOf(secondsText(ownField(session, 'last_updated'))),
  };
}

function secondsText(value: JsonValue | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) * 1_000 : undefined;
}

function dateOf(value: JsonValue | undefined): Date | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const date = new Date(value);
  // The zero time of Go stands for "not set".
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1 ? null : date;
}
