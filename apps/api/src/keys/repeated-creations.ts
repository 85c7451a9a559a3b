import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict } from '@castellan/dto';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import { hashKey } from '@castellan/tyk';
import type { OrganisationContext } from '../http/request-context';
import { generatedKey } from './key-identity';
import { plainDigest } from './key-places';

/** A creation that may be asked for more than once. */
export interface Repeatable {
  /** The id of the key within its token: the same for whoever asks again. */
  readonly tokenId: string;
  /** What was asked for, as a digest. */
  readonly asked: string;
}

/**
 * Keys that are made once, however often somebody asks for them with one `Idempotency-Key`. The token is nowhere kept: it follows
 * from the user, from what they call the request, and from a secret that nobody else has, so that it can be told again.
 */
@Injectable()
export class RepeatedCreations {
  constructor(
    private readonly index: KeyIndex,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @param name what the client calls the request */
  of({ organisation, user }: OrganisationContext, name: string, body: unknown): Repeatable {
    const { secretKey, nodeSecret } = this.config;
    const digest = (...parts: readonly unknown[]): string =>
      createHmac('sha256', secretKey === '' ? nodeSecret : secretKey)
        .update(JSON.stringify(['castellan repeated creation', organisation, user.userId, name, ...parts]))
        .digest('hex');
    return { tokenId: digest().slice(0, 32), asked: digest(body) };
  }

  /**
   * What was made of an earlier request; null when there was none.
   *
   * @throws Conflict when that asked for something else, or what it made was deleted since
   */
  async made(
    { organisation }: OrganisationContext,
    { tokenId, asked }: Repeatable,
  ): Promise<{ readonly row: KeyRow; readonly token: string } | null> {
    const { token } = generatedKey(organisation, this.config, tokenId);
    const row = await this.index.holderOf(this.config.hashKeys ? hashKey(token) : plainDigest(token));
    if (row === null) return null;
    if (row.asked !== asked) throw new Conflict('id_conflict', 'This Idempotency-Key was sent with another body');
    if (row.deletedAt === null) return { row, token };
    throw new Conflict('id_conflict', 'The key that was made for this Idempotency-Key has been deleted since');
  }
}
