import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { ValidationFailed } from '@castellan/dto';
import { OAuthVault, type ClientToken } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { numberAt, parseJson, textAt } from '@castellan/tyk';
import { Seal } from '../auth/sealed';
import { digestOf } from '../keys/key-places';

/** The piece of a list of tokens that is asked for. */
export interface TokenPiece {
  readonly place: { readonly skip: number } | { readonly after: string };
  readonly most: number;
}

export interface TokenPage {
  readonly tokens: readonly ClientToken[];
  /** How many end before those, and how many there are. */
  readonly before: number;
  readonly total: number;
  /** The place where the piece ends; null when nothing comes after it. */
  readonly next: string | null;
}

/** Lists of the tokens that clients have. */
@Injectable()
export class TokenList {
  /** Gateways that hash no keys list tokens by themselves, so that a place among them may not be read. */
  private readonly seal: Seal;

  constructor(
    private readonly vault: OAuthVault,
    private readonly clock: Clock,
    @Inject(CONFIG) { secretKey, nodeSecret }: ApiConfig,
  ) {
    this.seal = new Seal(secretKey === '' ? nodeSecret : secretKey, 'castellan places among tokens');
  }

  /** Tokens that have not ended, the first to end first. @throws ValidationFailed for a place in another list */
  async piece(apiId: string, clientId: string, { place, most }: TokenPiece): Promise<TokenPage> {
    const client = `${apiId}/${clientId}`;
    const after = 'after' in place ? this.read(client, place.after) : null;
    const skip = 'skip' in place ? place.skip : 0;
    const now = Math.floor(this.clock.millis() / 1_000);
    // One more than is shown tells whether anything comes after it.
    const [{ tokens: found, before }, total] = await Promise.all([
      after === null
        ? { tokens: await this.vault.tokens(apiId, clientId, now, skip, most + 1), before: skip }
        : this.vault.tokensAfter(apiId, clientId, now, after, most + 1),
      this.vault.countTokens(apiId, clientId, now),
    ]);
    const shown = found.slice(0, most);
    const last = found.length > most ? shown.at(-1) : undefined;
    return {
      tokens: shown.map((token) => ({ ...token, hash: digestOf(token.hash) })),
      before,
      total,
      next: last === undefined ? null : this.seal.seal(JSON.stringify(last), client),
    };
  }

  private read(client: string, position: string): ClientToken {
    const value = parseJson(this.opened(client, position));
    return { hash: textAt(value, 'hash'), expires: numberAt(value, 'expires') };
  }

  private opened(client: string, position: string): string {
    try {
      return this.seal.open(position, client);
    } catch {
      throw new ValidationFailed([{ path: 'after', message: 'must be what a piece of this list ended with' }]);
    }
  }
}
