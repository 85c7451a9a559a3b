import type { UserRow } from '@castellan/persistence';
import type { UserPrincipal } from '@castellan/rbac';

/** What a user may, as the row says at this moment; nothing of it is remembered from one request to the next. */
export const userPrincipal = (user: UserRow, sessionId: string | null): UserPrincipal => ({
  plane: 'organisation',
  userId: user._id.toString(),
  email: user.email,
  organisationId: user.orgId.toString(),
  grants: user.grants,
  sessionId,
});
