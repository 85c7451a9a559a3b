import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import {
  KeyIndex,
  PolicyStore,
  toObjectId,
  toOrganisationId,
  type ChoreRow,
  type KeyRow,
  type OrganisationId,
  type PolicyRow,
} from '@castellan/persistence';
import { flagAt, parseJson, policiesOf, readSession, SESSION_PREFIX, textAt, writeSession } from '@castellan/tyk';
import { ChoreRunner } from '../chores/chore-runner';
import { LoadedTexts } from '../gateways/nodes/loaded-texts';
import { digestOf, KeyPlacing, namesSaidBy } from './key-places';

/** So often sessions are put right while some gateway has not loaded the policy yet; after that, once all have. */
const eagerTries = 4;
/** What a session says that is worth reading: most are not inactive. */
const saysInactive = /"is_inactive"\s*:\s*true/i;

/** A policy, by the organisation and the ids that sessions name it by. */
interface Activated {
  readonly organisation: OrganisationId;
  readonly ids: ReadonlySet<string>;
}

/**
 * Lets keys go on whose policy is active again. While it is not, gateways write `is_inactive` into the sessions that apply it, and
 * those up to 5.2 never take it back: callers with a JWT, whose sessions gateways make themselves, would be refused for good.
 */
@Injectable()
export class ActivatedPolicies {
  constructor(
    private readonly policies: PolicyStore,
    private readonly store: KeyStore,
    private readonly index: KeyIndex,
    private readonly placing: KeyPlacing,
    private readonly loaded: LoadedTexts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    runner: ChoreRunner,
  ) {
    runner.assign('policy.activated', { does: (chore) => this.follow(chore) });
  }

  /** @returns why it has to be looked at again: a gateway writes what it was told before until it knows better */
  private async follow({ orgId, about: [id = ''], createdAt, tries }: ChoreRow): Promise<string | null> {
    const organisation = toOrganisationId(orgId);
    const policy = await this.policies.findById(organisation, toObjectId(id), null);
    if (policy === null || flagAt(parseJson(policy.document), 'is_inactive')) return null;
    const behind = await this.loaded.whoLacksPolicies();
    if (behind !== null && tries >= eagerTries) return behind;
    const found = await this.walk({ organisation, ids: idsOf(policy) });
    if (behind !== null) return behind;
    const isSettled = createdAt.getTime() + this.config.keySettleMs <= this.clock.millis();
    return found === 0 && isSettled ? null : 'Gateways may have old sessions yet';
  }

  /** Sessions in Redis, also those that the index does not know yet. @returns how many were put right */
  private async walk(activated: Activated): Promise<number> {
    let changed = 0;
    for await (const names of this.store.pages(SESSION_PREFIX)) {
      const texts = await this.store.readMany(names ?? []);
      for (const [at, name] of (names ?? []).entries()) {
        if (await this.wake(name, texts[at] ?? null, activated)) changed += 1;
      }
    }
    return changed;
  }

  private async wake(name: string, text: string | null, { organisation, ids }: Activated): Promise<boolean> {
    if (text === null || !saysInactive.test(text)) return false;
    const session = readSession(text);
    // Keys that people deactivate here apply no policy while they are inactive.
    if (session === undefined || !flagAt(session, 'is_inactive') || !policiesOf(session).some((id) => ids.has(id)))
      return false;
    if (textAt(session, 'org_id') !== organisation) return false;
    const stored = name.slice(SESSION_PREFIX.length);
    const [row] = await this.index.known([digestOf(stored)]);
    if (row !== undefined && staysAsItIs(row)) return false;
    const announced = [
      ...new Set([...namesSaidBy(stored), ...(row === undefined ? [] : this.placing.of(row).announced)]),
    ];
    const woken = writeSession({ ...session, is_inactive: false }, text);
    if (!(await this.store.replace(name, text, woken, announced))) return false;
    if (row !== undefined) await this.index.refresh(row, { inactive: false });
    return true;
  }
}

const idsOf = ({ _id, policyId }: PolicyRow): ReadonlySet<string> => new Set([_id.toString(), policyId]);

/** What somebody else is changing, what is deleted, and what was inactive of itself before the policy was. */
const staysAsItIs = ({ pending, deletedAt, keptInactive, createdBy }: KeyRow): boolean =>
  pending !== null || deletedAt !== null || (keptInactive === true && createdBy === '');
