import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS, redisKey } from '@castellan/delivery';
import { isJsonObject, listAt, parseJson, textAt } from '@castellan/tyk';
import { ssoSections, type SsoSection } from './sso.dto';

/** How long a nonce is good, in seconds (docs/tyk/management.md#single-sign-on). */
const lifetime = 60;

/** Whom a nonce lets in, and on whose word. */
export interface Ticket {
  readonly section: SsoSection;
  /** 24 hex digits. */
  readonly organisation: string;
  /** Lower case. */
  readonly email: string;
  /** The id of the user who had the address then; empty for nobody. Whoever got it since is somebody else. */
  readonly userId: string;
  /** The id of the user who made it; empty for the operator. */
  readonly minter: string;
  /** 24-hex ids of user groups that the session is to be in. */
  readonly groupIds: readonly string[];
}

/**
 * Nonces by which a broker of identities lets somebody in: each is good once, for a minute. Only hashes are kept, so that
 * whoever reads Redis cannot use them.
 */
@Injectable()
export class SsoNonces {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  async make(ticket: Ticket): Promise<string> {
    const nonce = Buffer.from(randomUUID()).toString('base64');
    await this.redis.set(keyOf(nonce), JSON.stringify(ticket), 'EX', lifetime);
    return nonce;
  }

  /** Spends a nonce: of many at once only one gets the ticket. Null when there is none, or none any more. */
  async spend(nonce: string): Promise<Ticket | null> {
    const stored = await this.redis.getdel(keyOf(nonce));
    const ticket = stored === null ? null : parseJson(stored);
    if (!isJsonObject(ticket)) return null;
    const section = ssoSections.find((name) => name === textAt(ticket, 'section'));
    if (section === undefined) return null;
    return {
      section,
      organisation: textAt(ticket, 'organisation'),
      email: textAt(ticket, 'email'),
      userId: textAt(ticket, 'userId'),
      minter: textAt(ticket, 'minter'),
      groupIds: listAt(ticket, 'groupIds').filter((id) => typeof id === 'string'),
    };
  }
}

const keyOf = (nonce: string): string => redisKey('sso', createHash('sha256').update(nonce).digest('hex'));
