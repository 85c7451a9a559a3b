import { noOrganisation } from '@castellan/persistence';
import type { Grants } from '@castellan/rbac';
import type { OwnSessionDto, SessionDto } from './login.dto';
import type { Session } from './session-store';

const iso = (millis: number): string => new Date(millis).toISOString();

/** A session as lists show it. */
export const presentSession = (session: Session, currentId: string | null): SessionDto => ({
  id: session.id,
  user_id: session.userId,
  created_at: iso(session.createdAt),
  last_seen_at: iso(session.lastSeen),
  expires_at: iso(session.expiresAt),
  address: session.address,
  agent: session.agent,
  method: session.method,
  current: session.id === currentId,
});

/** A session as its own browser gets to see it. */
export const presentOwnSession = (
  session: Session,
  { email, grants }: { readonly email: string; readonly grants: Grants },
): OwnSessionDto => ({
  user_id: session.userId,
  // As wherever super users are shown, who are of none.
  org_id: session.organisationId.replace(noOrganisation, ''),
  email_address: email,
  user_permissions: grants,
  csrf_token: session.csrf,
  session: presentSession(session, session.id),
});
