import { Injectable } from '@nestjs/common';
import { KeyStore, OAuthVault, type EndingToken } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { KeyIndex, newObjectId, type KeyRow, type OrganisationId } from '@castellan/persistence';
import {
  hashKey,
  isKeyHash,
  keyNames,
  readIssuedToken,
  readSession,
  sessionFacts,
  sessionName,
  type Session,
} from '@castellan/tyk';
import { foundRow } from '../keys/key-facts';
import { KeyKeeper } from '../keys/key-keeper';
import { digestOf, KeyPlacing } from '../keys/key-places';

/** A token that ends, with its session; none where there is none any more. */
interface EndedToken extends EndingToken {
  readonly digest: string;
  readonly session: Session | undefined;
}

/** Tokens that are ended together. */
const batchSize = 200;
/** What stands in the name of something that is a client's, beside its access tokens. */
const leftovers = /\.oauth-(refresh|authorize)\./;

/**
 * Ends tokens of OAuth clients. The session of a token is a key like any other, so it is deleted as keys are: noted in the index
 * first, so that no node can bring it back, and announced under every name that nodes may have it under.
 */
@Injectable()
export class OAuthTokens {
  constructor(
    private readonly vault: OAuthVault,
    private readonly store: KeyStore,
    private readonly index: KeyIndex,
    private readonly keeper: KeyKeeper,
    private readonly placing: KeyPlacing,
    private readonly clock: Clock,
  ) {}

  /** Ends one token. @param hash as the list of tokens has it */
  async end(organisation: OrganisationId, apiId: string, clientId: string, hash: string): Promise<void> {
    await this.endAll(organisation, apiId, clientId, [hash]);
  }

  /** Ends all tokens of a client, refresh tokens and codes that are to become tokens, too. */
  async endOfClient(organisation: OrganisationId, apiId: string, clientId: string): Promise<void> {
    for (;;) {
      // Each batch takes itself out of the list, expired ones included.
      const tokens = await this.vault.tokens(apiId, clientId, 0, 0, batchSize);
      if (tokens.length === 0) break;
      const hashes = tokens.map(({ hash }) => hash);
      await this.endAll(organisation, apiId, clientId, hashes);
    }
    await this.vault.walk(apiId, async (found) => {
      const names = found
        .filter(([name, text]) => leftovers.test(name) && ownerOf(text) === clientId)
        .map(([name]) => name);
      await this.vault.forget(names);
    });
  }

  /** Ends whatever nodes keep of an API: clients, tokens and their sessions. */
  async clear(organisation: OrganisationId, apiId: string): Promise<void> {
    await this.vault.walk(apiId, async (found) => {
      const hashes = new Map<string, string[]>();
      for (const [name, text] of found) {
        const hash = this.vault.hashOf(apiId, name);
        if (hash !== null) hashes.set(ownerOf(text), [...(hashes.get(ownerOf(text)) ?? []), hash]);
      }
      for (const [owner, some] of hashes) await this.endAll(organisation, apiId, owner, some);
      await this.vault.forget(found.map(([name]) => name));
    });
  }

  private async endAll(
    organisation: OrganisationId,
    apiId: string,
    clientId: string,
    hashes: readonly string[],
  ): Promise<void> {
    const endings = await this.vault.endings(apiId, hashes);
    const texts = await this.store.readMany(endings.map(({ hash }) => sessionName(hash)));
    const ended = endings.flatMap((ending, at): EndedToken[] => {
      const session = readSession(texts[at] ?? '');
      // The hash of something else: nobody may end a key of another organisation by naming it in a list of tokens.
      if (session !== undefined && sessionFacts(session).organisationId !== organisation) return [];
      return [{ ...ending, digest: digestOf(ending.hash), session }];
    });
    const rows = (await this.noteEnds(organisation, ended)) ?? (await this.noteEach(organisation, ended));
    for (const row of rows) await this.keeper.apply(row);
    for (const ending of endings) await this.vault.forgetToken(apiId, clientId, ending);
  }

  /** One of some has changed meanwhile: the others can be noted without it. */
  private async noteEach(organisation: OrganisationId, ended: readonly EndedToken[]): Promise<readonly KeyRow[]> {
    const rows: KeyRow[] = [];
    for (const one of ended) {
      const noted = await this.noteEnds(organisation, [one]);
      // What somebody else wants is brought, and this is tried again with the rest.
      if (noted === null) throw new Error('The session of a token has changed');
      rows.push(...noted);
    }
    return rows;
  }

  /**
   * Notes in the index that there are to be no such sessions.
   *
   * @returns the rows of those that there were; null when one has changed since it was read
   */
  private async noteEnds(
    organisation: OrganisationId,
    ended: readonly EndedToken[],
  ): Promise<readonly KeyRow[] | null> {
    const now = this.clock.now();
    const ends = { deletedAt: now, pending: { wanted: null, due: this.keeper.due(), repeats: 0 } };
    const digests = ended.map(({ digest }) => digest);
    const found = await this.index.known(digests);
    const known = new Map(found.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    const fresh = ended.flatMap(({ hash, digest, issued, session }): KeyRow[] => {
      if (session === undefined || known.has(digest)) return [];
      const facts = { ...sessionFacts(session), organisationId: organisation };
      const place = this.placeOf(hash, issued?.accessToken);
      return [{ ...foundRow(this.placing, { name: hash, facts }, now), ...place, ...ends }];
    });
    const changes = found
      .filter(({ orgId }) => orgId.toString() === organisation)
      .map((was): { row: KeyRow; was: KeyRow } => {
        const theirs = ended.filter(({ digest }) => known.get(digest) === was);
        const said = theirs.flatMap(({ hash, issued }) => namesOf(hash, issued?.accessToken));
        const announced = [...new Set([...was.announced, ...said])];
        return { row: { ...was, announced, ...ends, version: was.version + 1 }, was };
      });
    const isDone = (await this.index.add(fresh)) === fresh.length && (await this.index.replaceTogether(changes));
    return isDone ? [...fresh, ...changes.map(({ row }) => row)] : null;
  }

  private placeOf(hash: string, token: string | undefined) {
    const names = { main: hash, copies: [], announced: namesOf(hash, token) };
    return this.placing.row(newObjectId(), names, isKeyHash(hash));
  }
}

/** What nodes may have a token under in their caches. A token that is stored under another hash than its own says nothing. */
const namesOf = (hash: string, token: string | undefined): readonly string[] =>
  token === undefined || token === ''
    ? [hash]
    : [...new Set([hash, hashKey(token), ...keyNames({ token }, true).announced])];

const ownerOf = (text: string | null): string => (text === null ? '' : (readIssuedToken(text)?.clientId ?? ''));
