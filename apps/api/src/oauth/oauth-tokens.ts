import { Injectable } from '@nestjs/common';
import { KeyStore, NO_TEXT, OAuthVault, type EndingToken } from '@castellan/keys';
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
      for (const [name, text] of found) {
        const hash = this.vault.hashOf(apiId, name);
        if (hash !== null) await this.endAll(organisation, apiId, ownerOf(text), [hash]);
      }
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
    for (const ending of endings) {
      await this.endSession(organisation, ending);
      await this.vault.forgetToken(apiId, clientId, ending);
    }
  }

  private async endSession(organisation: OrganisationId, ending: EndingToken): Promise<void> {
    const { hash } = ending;
    const found = await this.store.read(sessionName(hash));
    const session = found === null || found === NO_TEXT ? undefined : readSession(found);
    // The hash of something else: nobody may end a key of another organisation by naming it in a list of tokens.
    if (session !== undefined && sessionFacts(session).organisationId !== organisation) return;
    const row = await this.noteEnd(organisation, ending, session);
    if (row !== null) await this.keeper.apply(row);
  }

  /** Notes in the index that there is to be no such session. @returns null when there was none */
  private async noteEnd(
    organisation: OrganisationId,
    { hash, issued }: EndingToken,
    session: Session | undefined,
  ): Promise<KeyRow | null> {
    const now = this.clock.now();
    const ends = { deletedAt: now, pending: { wanted: null, due: this.keeper.due(), repeats: 0 } };
    const digest = digestOf(hash);
    const [known] = await this.index.known([digest]);
    if (known === undefined) {
      if (session === undefined) return null;
      const facts = { ...sessionFacts(session), organisationId: organisation };
      const row = {
        ...foundRow(this.placing, { name: hash, facts }, now),
        ...this.placeOf(hash, issued?.accessToken),
        ...ends,
      };
      await this.index.add([row]);
      return row;
    }
    if (known.orgId.toString() !== organisation) return null;
    const announced = [...new Set([...known.announced, ...namesOf(hash, issued?.accessToken)])];
    const row = { ...known, announced, ...ends, version: known.version + 1 };
    // Somebody else has changed it meanwhile: what they want is brought, and this is tried again with the rest.
    if (!(await this.index.replace(row, known.version))) throw new Error('The session of a token has changed');
    return row;
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
