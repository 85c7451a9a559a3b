import { Injectable } from '@nestjs/common';
import {
  KeyIndex,
  PolicyStore,
  toObjectId,
  toOrganisationId,
  type ChoreRow,
  type KeyRow,
  type PolicyRow,
} from '@castellan/persistence';
import { flagAt, parseJson, policiesOf, type Session } from '@castellan/tyk';
import { ChoreRunner } from '../chores/chore-runner';
import { mayHaveOld, PolicySessions } from './policy-sessions';

/** So often sessions are put right while some gateway has not loaded the policy yet; after that, once all have. */
const eagerTries = 4;

/**
 * Lets keys go on whose policy is active again. While it is not, gateways write `is_inactive` into the sessions that apply it, and
 * those up to 5.2 never take it back: callers with a JWT, whose sessions gateways make themselves, would be refused for good.
 */
@Injectable()
export class ActivatedPolicies {
  constructor(
    private readonly policies: PolicyStore,
    private readonly sessions: PolicySessions,
    private readonly index: KeyIndex,
    runner: ChoreRunner,
  ) {
    runner.assign('policy.activated', { does: (chore) => this.follow(chore) });
  }

  /** @returns why it has to be looked at again: a gateway writes what it was told before until it knows better */
  private async follow({ orgId, about: [id = ''], createdAt, tries }: ChoreRow): Promise<string | null> {
    const organisation = toOrganisationId(orgId);
    const policy = await this.policies.findById(organisation, toObjectId(id), null);
    if (policy === null || flagAt(parseJson(policy.document), 'is_inactive')) return null;
    const old = await this.sessions.oldCopies(createdAt.getTime());
    if (old?.since === 0 && tries >= eagerTries) return old.reason;
    const ids = idsOf(policy);
    const { changed } = await this.sessions.walk(this.sessions.beginnings(), Infinity, {
      ...{ organisation, ids },
      mend: (session, row) => woken(session, row, ids),
      note: (row) => this.index.refresh(row, { inactive: false }),
    });
    return old?.reason ?? (changed === 0 ? null : mayHaveOld);
  }
}

const idsOf = ({ _id, policyId }: PolicyRow): ReadonlySet<string> => new Set([_id.toString(), policyId]);

/** Keys that people deactivate here apply no policy while they are inactive. */
const woken = (session: Session, row: KeyRow | undefined, ids: ReadonlySet<string>): Session =>
  flagAt(session, 'is_inactive') &&
  policiesOf(session).some((id) => ids.has(id)) &&
  !(row !== undefined && staysAsItIs(row))
    ? { ...session, is_inactive: false }
    : session;

/** What somebody else is changing, and what was inactive of itself before the policy was. */
const staysAsItIs = ({ pending, keptInactive, createdBy }: KeyRow): boolean =>
  pending !== null || (keptInactive === true && createdBy === '');
