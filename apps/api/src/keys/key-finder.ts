import { Injectable } from '@nestjs/common';
import { NotFound } from '@castellan/dto';
import { KeyStore, NO_TEXT } from '@castellan/keys';
import { KeyIndex, newObjectId, toObjectId, type KeyRow, type OrganisationId } from '@castellan/persistence';
import { Clock } from '@castellan/observability';
import { readSession, sessionFacts, sessionHolds, sessionName, type Session } from '@castellan/tyk';
import { factsOf } from './key-facts';
import { hashesOf } from './key-identity';
import type { KeyQuery } from './key-queries';

/** A key, with the session as it is. */
export interface FoundKey {
  readonly row: KeyRow;
  readonly session: Session;
  /** The text that Redis holds, or has to hold. */
  readonly text: string;
}

/** Finds keys by whatever a caller knows of them: token, hash, chosen id or username. */
@Injectable()
export class KeyFinder {
  constructor(
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly clock: Clock,
  ) {}

  /**
   * @param apiId only a key with a right to this API; null for any
   * @throws NotFound in the same words for a key that is not there and for one of another organisation
   */
  async require(organisation: OrganisationId, text: string, query: KeyQuery, apiId: string | null): Promise<FoundKey> {
    const row = await this.row(organisation, text, query);
    if (row === null || (apiId !== null && !row.apiIds.includes(apiId))) throw missing();
    return this.withSession(row);
  }

  /**
   * The session of a key as Redis has it; while a change is not certain to stay and something else is there, what it will be.
   *
   * @throws NotFound when Redis has none
   */
  async withSession(row: KeyRow): Promise<FoundKey> {
    const found = await this.store.read(sessionName(row.hash));
    const there = found === NO_TEXT ? null : found;
    const text = row.pending === null || sessionHolds(row.pending.wanted, there) ? there : row.pending.wanted;
    const session = text === null ? undefined : readSession(text);
    if (session === undefined || text === null) throw missing();
    return { row, session, text };
  }

  private async row(organisation: OrganisationId, text: string, query: KeyQuery): Promise<KeyRow | null> {
    if (query.username || query.auto_guess) {
      const named = await this.index.byUsername(organisation, text);
      if (named !== null) return named;
    }
    const hashes = hashesOf(organisation, text, query.hashed);
    return (await this.index.byHash(organisation, hashes)) ?? (await this.unnoted(organisation, hashes));
  }

  /** A key that was made elsewhere and that no walk has met yet. */
  private async unnoted(organisation: OrganisationId, hashes: readonly string[]): Promise<KeyRow | null> {
    for (const hash of hashes) {
      const text = await this.store.read(sessionName(hash));
      const session = text === null || text === NO_TEXT ? undefined : readSession(text);
      if (session === undefined) continue;
      const facts = sessionFacts(session);
      if (facts.organisationId !== organisation || (await this.index.holderOf(hash)) !== null) continue;
      const now = this.clock.now();
      const row: KeyRow = {
        ...{ _id: newObjectId(), orgId: toObjectId(organisation), version: 1, hash, copies: [], announced: [hash] },
        ...{ username: '', createdBy: '', deletedAt: null, pending: null },
        ...factsOf(facts),
        createdAt: facts.created ?? now,
        updatedAt: facts.updated ?? now,
      };
      await this.index.add([row]);
      return this.index.byHash(organisation, [hash]);
    }
    return null;
  }
}

/** In the words of the original. */
export const missing = (): NotFound => new NotFound('Could not retrieve key detail.');
