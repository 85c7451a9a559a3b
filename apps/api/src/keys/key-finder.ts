import { Injectable } from '@nestjs/common';
import { NotFound, Unavailable } from '@castellan/dto';
import { KeyStore, NO_TEXT } from '@castellan/keys';
import { KeyIndex, type KeyRow, type OrganisationId } from '@castellan/persistence';
import { Clock } from '@castellan/observability';
import {
  flagAt,
  policiesOf,
  readSession,
  sessionFacts,
  sessionForCallers,
  sessionHolds,
  sessionName,
  type Session,
} from '@castellan/tyk';
import { isOutage } from '../http/outage';
import { Sights, type Asker } from '../ownership/sights';
import { foundRow } from './key-facts';
import { hashesOf, namesHeardIn, namesOf } from './key-identity';
import { digestOf, KeyPlacing } from './key-places';
import type { KeyQuery } from './key-queries';

/** A key, with the session as it is. */
export interface FoundKey {
  readonly row: KeyRow;
  readonly session: Session;
  /** The text that Redis holds, or has to hold. */
  readonly text: string;
  /** Whether Redis is known to hold it. */
  readonly isThere?: boolean;
}

/** Finds keys by whatever a caller knows of them: token, hash, chosen id or username. */
@Injectable()
export class KeyFinder {
  constructor(
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly sights: Sights,
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

  /** A key of any API that whoever asks sees. @throws NotFound in the same words for others */
  async seen(context: Asker, text: string, query: KeyQuery): Promise<FoundKey> {
    const found = await this.require(context.organisation, text, query, null);
    if (!(await this.sights.seesKey(context, found.row))) throw missing();
    return found;
  }

  /**
   * The session of a key as Redis has it; while a change is not certain to stay and something else is there, what it will be.
   *
   * @throws NotFound when Redis has none
   */
  async withSession(row: KeyRow): Promise<FoundKey> {
    const [name = ''] = this.placing.of(row).names;
    const found = await this.ask(() => this.store.read(sessionName(name)));
    const there = found === NO_TEXT ? null : found;
    const text = row.pending === null || sessionHolds(row.pending.wanted, there) ? there : row.pending.wanted;
    const session = text === null ? undefined : readSession(text);
    if (session === undefined || text === null) throw missing();
    return { row, session, text, isThere: text === there };
  }

  /** The row of a key that the index knows; null when it knows none. */
  async indexed(organisation: OrganisationId, text: string, query: KeyQuery): Promise<KeyRow | null> {
    if (query.username || query.auto_guess) {
      const named = await this.index.byUsername(organisation, text);
      if (named !== null) return named;
    }
    return this.index.byHash(organisation, hashesOf(organisation, text, query.hashed));
  }

  private async row(organisation: OrganisationId, text: string, query: KeyQuery): Promise<KeyRow | null> {
    const known = await this.indexed(organisation, text, query);
    const row = known ?? (await this.unnoted(organisation, namesOf(organisation, text, query.hashed)));
    return row === null || query.hashed ? row : heardOf(row, organisation, text);
  }

  /** @throws Unavailable in words that say which database it is that cannot be reached */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw isOutage(error) ? new Unavailable('The Redis of the nodes', error) : error;
    }
  }

  /** A key that was made elsewhere and that no walk has met yet. */
  private async unnoted(organisation: OrganisationId, names: readonly string[]): Promise<KeyRow | null> {
    const texts = await this.ask(() => this.store.readMany(names.map(sessionName)));
    for (const [at, name] of names.entries()) {
      const session = readSession(texts[at] ?? '');
      if (session === undefined) continue;
      const facts = sessionFacts(session);
      const digest = digestOf(name);
      if (facts.organisationId !== organisation || (await this.index.holderOf(digest)) !== null) continue;
      await this.index.add([foundRow(this.placing, { name, facts }, this.clock.now())]);
      return this.index.byHash(organisation, [digest]);
    }
    return null;
  }
}

/**
 * The session that a change begins with. A key that was made here and is inactive applies no policy; where one does both, a node has
 * written its policy's state into it, which must not become its own.
 */
export function sessionToChange({ row, session }: FoundKey): Session {
  const seen = sessionForCallers(session);
  const isThePolicys = row.createdBy !== '' && flagAt(session, 'is_inactive') && policiesOf(session).length > 0;
  return isThePolicys ? { ...seen, is_inactive: false } : seen;
}

/** A key that was found elsewhere, with what whoever names it by its token says of it. One that is not hashed says all itself. */
export function heardOf(row: KeyRow, organisation: OrganisationId, text: string): KeyRow {
  if (row.sealed !== '') return row;
  const heard = namesHeardIn(organisation, text, [row.hash, ...row.copies]);
  return { ...row, announced: [...new Set([...row.announced, ...heard])] };
}

/** In the words of the original. */
export const missing = (): NotFound => new NotFound('Could not retrieve key detail.');
