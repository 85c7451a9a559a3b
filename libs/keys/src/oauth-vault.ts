import {
  clientOfEntry,
  hashOfAccessName,
  oauthAccessName,
  oauthClientEntry,
  oauthClientName,
  oauthIndexName,
  oauthPrefix,
  oauthRefreshName,
  oauthSetName,
  oauthTokensName,
  readClient,
  readIssuedToken,
  type IssuedToken,
} from '@castellan/tyk';
import { dropScript, swapScript } from './key-scripts';
import { KeyStore } from './key-store';
import { enlist } from './lists';
import type { KeyRedis } from './redis/connect';

/** A token of a client: the hash that its session lies under, and when it ends. */
export interface ClientToken {
  readonly hash: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** Where a client lies. */
export interface ClientPlace {
  readonly organisation: string;
  readonly apiId: string;
  readonly clientId: string;
}

/** A token that is to end, with what nodes know it by. */
export interface EndingToken {
  readonly hash: string;
  /** Null when nodes keep no more of it than its hash. */
  readonly issued: IssuedToken | null;
}

/** Names that are looked at together. */
const PAGE = 500;
const NOT_TEXT = 'WRONGTYPE';

/** Characters that a pattern of Redis gives a meaning. */
const literally = (text: string): string => text.replaceAll(/[\\*?[\]^-]/g, String.raw`\$&`);

/**
 * OAuth clients and tokens in the Redis of the nodes. Everything is several keys, which no step can change together in a cluster:
 * so the order is one in which a half-done change can be seen and done again.
 */
export class OAuthVault {
  constructor(
    private readonly redis: KeyRedis,
    private readonly keys: KeyStore,
  ) {}

  /** The text of a client; null when there is none. */
  readClient(apiId: string, clientId: string): Promise<string | null> {
    return this.redis.get(oauthClientName(apiId, clientId));
  }

  /**
   * Puts a client there in the place of what was read; {@link listClient} comes after it.
   *
   * @param found what was read; null for a client that is not there
   * @returns false, and nothing is done, when something else is there by now
   */
  async swapClient({ apiId, clientId }: ClientPlace, found: string | null, text: string): Promise<boolean> {
    return (await this.redis.eval(swapScript, 1, oauthClientName(apiId, clientId), found ?? '', text)) === 1;
  }

  /**
   * Has the list and the set of clients say what the client says. The set follows the client's own text: of two writers the one that
   * ends last sees what the other one has put there, and does it again.
   *
   * @param text of the client, as it was just put there
   */
  async listClient({ organisation, apiId, clientId }: ClientPlace, text: string): Promise<void> {
    await enlist(this.redis, oauthIndexName(apiId, organisation), oauthClientEntry(clientId));
    let [stands, current]: [string | null, string | null] = [null, text];
    while (current !== stands) {
      stands = current;
      if (stands !== null) await this.redis.sadd(oauthSetName(apiId), stands);
      await this.removeFromSet(apiId, clientId, stands);
      current = await this.readClient(apiId, clientId);
    }
  }

  /** Takes a client away, from when on nodes give it no token. @returns false when it is not what was read any more */
  async dropClient({ apiId, clientId }: ClientPlace, found: string): Promise<boolean> {
    return (await this.redis.eval(dropScript, 1, oauthClientName(apiId, clientId), found)) === 1;
  }

  /** Takes a client that is gone out of the set and the list. */
  async unlistClient({ organisation, apiId, clientId }: ClientPlace): Promise<void> {
    await this.removeFromSet(apiId, clientId, null);
    await this.redis.lrem(oauthIndexName(apiId, organisation), 0, oauthClientEntry(clientId));
  }

  /** Ids in the index of an API, whoever has put them there. */
  async listed(organisation: string, apiId: string, most: number): Promise<readonly string[]> {
    const entries = await this.redis.lrange(oauthIndexName(apiId, organisation), 0, most - 1);
    return [...new Set(entries.map(clientOfEntry).filter((id) => id !== null))];
  }

  /** A client's tokens that end at a time or later, the first to end first. @param from seconds since 1970 */
  async tokens(
    apiId: string,
    clientId: string,
    from: number,
    skip: number,
    most: number,
  ): Promise<readonly ClientToken[]> {
    const name = oauthTokensName(apiId, clientId);
    const found = await this.redis.zrangebyscore(name, from, '+inf', 'WITHSCORES', 'LIMIT', skip, most);
    return Array.from({ length: found.length / 2 }, (_, at) => ({
      hash: found[at * 2] ?? '',
      expires: Number(found[at * 2 + 1]),
    }));
  }

  /**
   * A client's tokens after one of them, which may have ended meanwhile, and how many are before those. Several end in the same
   * second; Redis has them by the bytes of their hashes.
   *
   * @param from seconds since 1970
   */
  async tokensAfter(
    apiId: string,
    clientId: string,
    from: number,
    { hash, expires }: ClientToken,
    most: number,
  ): Promise<{ readonly tokens: readonly ClientToken[]; readonly before: number }> {
    const name = oauthTokensName(apiId, clientId);
    const since = Math.max(from, expires);
    const last = Buffer.from(hash);
    const isBefore = (token: ClientToken): boolean =>
      token.expires === expires && Buffer.compare(Buffer.from(token.hash), last) <= 0;
    for (;;) {
      const beside = await this.redis.zcount(name, expires, expires);
      const found = await this.tokens(apiId, clientId, since, 0, beside + most);
      const tokens = found.filter((token) => !isBefore(token)).slice(0, most);
      // Fewer than there may be, though there are more: some came to this second in between.
      if (tokens.length < most && found.length === beside + most) continue;
      const earlier = expires > from ? await this.redis.zcount(name, from, `(${expires}`) : 0;
      return { tokens, before: earlier + found.filter(isBefore).length };
    }
  }

  countTokens(apiId: string, clientId: string, from: number): Promise<number> {
    return this.redis.zcount(oauthTokensName(apiId, clientId), from, '+inf');
  }

  /** Whether a client has a token of this hash. */
  async hasToken(apiId: string, clientId: string, hash: string): Promise<boolean> {
    return (await this.redis.zscore(oauthTokensName(apiId, clientId), hash)) !== null;
  }

  /** What nodes know of tokens, with all that is needed to end them. */
  async endings(apiId: string, hashes: readonly string[]): Promise<readonly EndingToken[]> {
    const texts = await this.keys.readMany(hashes.map((hash) => oauthAccessName(apiId, hash)));
    return hashes.map((hash, at) => ({ hash, issued: readIssuedToken(texts[at] ?? '') }));
  }

  /** Takes what belongs to a token away, once its session is gone. The list of tokens comes last: it says what is left to do. */
  async forgetToken(apiId: string, clientId: string, { hash, issued }: EndingToken): Promise<void> {
    const refresh = issued?.refreshToken ?? '';
    if (refresh !== '') await this.redis.del(oauthRefreshName(apiId, refresh));
    await this.redis.del(oauthAccessName(apiId, hash));
    await this.redis.zrem(oauthTokensName(apiId, clientId), hash);
  }

  /**
   * Walks over what nodes keep of an API: refresh tokens outlive their access tokens, and nothing else leads to them.
   *
   * @param look gets the names of some keys and their texts; null for what is no text
   */
  async walk(
    apiId: string,
    look: (found: readonly (readonly [string, string | null])[]) => Promise<void>,
  ): Promise<void> {
    for (const beginning of this.keys.beginnings()) {
      let place = beginning;
      do {
        const page = await this.keys.scan(place, literally(oauthPrefix(apiId)));
        if (page === null) throw new Error('A server of the nodes’ Redis is not there any more');
        for (let from = 0; from < page.names.length; from += PAGE) {
          const names = page.names.slice(from, from + PAGE);
          await look(await this.texts(names));
        }
        place = page.next;
      } while (place.cursor !== '0');
    }
  }

  /** Takes keys away, each by itself. */
  forget(names: readonly string[]): Promise<void> {
    return this.keys.forget(names);
  }

  /** The hash of an access token by the name of its key; null for other keys. */
  hashOf(apiId: string, name: string): string | null {
    return hashOfAccessName(apiId, name);
  }

  /** Other texts of a client: in a set nothing is replaced. @param but the text that stays */
  private async removeFromSet(apiId: string, clientId: string, but: string | null): Promise<void> {
    const name = oauthSetName(apiId);
    let cursor = '0';
    do {
      const [next, members] = await this.redis.sscan(name, cursor, 'COUNT', PAGE);
      const stale = members.filter((text) => text !== but && readClient(text)?.clientId === clientId);
      if (stale.length > 0) await this.redis.srem(name, ...stale);
      cursor = next;
    } while (cursor !== '0');
  }

  private async texts(names: readonly string[]): Promise<readonly (readonly [string, string | null])[]> {
    const all = names.map(async (name): Promise<readonly [string, string | null]> => {
      try {
        return [name, await this.redis.get(name)];
      } catch (error) {
        // Lists and sets of clients are among them.
        if (error instanceof Error && error.message.startsWith(NOT_TEXT)) return [name, null];
        throw error;
      }
    });
    return Promise.all(all);
  }
}
