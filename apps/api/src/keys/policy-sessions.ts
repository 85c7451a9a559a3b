import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, type ScanPlace } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { KeyIndex, type KeyRow, type OrganisationId } from '@castellan/persistence';
import { mayNameAny, readSession, SESSION_PREFIX, textAt, writeSession, type Session } from '@castellan/tyk';
import { LoadedTexts } from '../gateways/nodes/loaded-texts';
import { digestOf, KeyPlacing, namesSaidBy } from './key-places';

/** What is put right in the sessions that apply some policies. */
export interface Mending {
  readonly organisation: OrganisationId;
  /** The ids that sessions name the policies by. */
  readonly ids: ReadonlySet<string>;
  /** @returns the session as it is to be; itself where it is right, or has to stay as it is */
  readonly mend: (session: Session, row: KeyRow | undefined) => Session | Promise<Session>;
  /** Notes in the index what a session says from now on. */
  readonly note: (row: KeyRow, mended: Session) => Promise<unknown>;
}

/** How far a walk has come. */
export interface Walked {
  /** Where it goes on; none when it has come round. */
  readonly places: readonly ScanPlace[];
  /** How many sessions were not right. */
  readonly changed: number;
}

/** Why nobody can be sure yet that gateways have forgotten what was, and since when all have loaded what is; 0 when some have not. */
export interface OldCopies {
  readonly reason: string;
  readonly since: number;
}

/** Which gateways. */
export type Among = 'all' | 'pinging';

/** What whoever walks says while gateways may write back what they had in their memory. */
export const mayHaveOld = 'Gateways may have old sessions yet';

/**
 * Walks over the sessions that apply policies, also those that the index does not know yet, and puts right what gateways have left in
 * them of what the policies said before (docs/tyk/keys.md#policies-of-a-key).
 */
@Injectable()
export class PolicySessions {
  constructor(
    private readonly store: KeyStore,
    private readonly index: KeyIndex,
    private readonly placing: KeyPlacing,
    private readonly loaded: LoadedTexts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** Where a walk begins: each server of a cluster has sessions of its own. */
  beginnings(): readonly ScanPlace[] {
    return this.store.beginnings();
  }

  /**
   * @param since when all gateways had loaded the policies, in milliseconds; 0 while that is not known
   * @param among whether those that are silent count, too: one that is cut off from here may go on, and most have just ended
   * @returns null when none can have a session of before
   */
  async oldCopies(since: number, among: Among = 'all'): Promise<OldCopies | null> {
    const behind = await this.loaded.whoLacksPolicies(among);
    if (behind !== null) return { reason: behind, since: 0 };
    const now = this.clock.millis();
    const from = since === 0 ? now : since;
    return now < from + this.config.keySettleMs ? { reason: mayHaveOld, since: from } : null;
  }

  /** @param pages how many to look at, each of some hundred or thousand names */
  async walk(from: readonly ScanPlace[], pages: number, mending: Mending): Promise<Walked> {
    let [places, changed] = [from, 0];
    for (let page = 0; page < pages && places.length > 0; page += 1) {
      const [place, ...others] = places;
      if (place === undefined) break;
      const found = await this.store.scan(place, SESSION_PREFIX);
      // A server that is gone has handed its keys to others, of which some may have been passed already.
      changed += found === null ? 1 : await this.putRight(found.names, mending);
      places = found === null || found.next.cursor === '0' ? others : [found.next, ...others];
    }
    return { places, changed };
  }

  private async putRight(names: readonly string[], { organisation, ids, mend, note }: Mending): Promise<number> {
    const texts = await this.store.readMany(names);
    const found = names.flatMap((name, at) => {
      const text = texts[at] ?? '';
      const session = mayNameAny(text, ids) ? readSession(text) : undefined;
      return session === undefined || textAt(session, 'org_id') !== organisation
        ? []
        : [{ stored: name.slice(SESSION_PREFIX.length), name, text, session }];
    });
    const known = await this.index.known(found.map(({ stored }) => digestOf(stored)));
    const rows = new Map(known.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    let changed = 0;
    for (const { stored, name, text, session } of found) {
      const row = rows.get(digestOf(stored));
      if (row !== undefined && row.deletedAt !== null) continue;
      const mended = await mend(session, row);
      if (mended === session) continue;
      // Counted also when somebody else has written it meanwhile: then it is looked at again.
      changed += 1;
      if (row !== undefined) await note(row, mended);
      const said = row === undefined ? [] : this.placing.of(row).announced;
      await this.store.replace(name, text, writeSession(mended, text), [...new Set([...namesSaidBy(stored), ...said])]);
    }
    return changed;
  }
}
