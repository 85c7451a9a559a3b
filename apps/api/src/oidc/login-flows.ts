import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS, redisKey } from '@castellan/delivery';
import { isJsonObject, parseJson, textAt } from '@castellan/tyk';

/** How long somebody may take at the provider, in seconds. */
export const flowSeconds = 600;

/** A login that has begun and is not back yet. */
export interface LoginFlow {
  readonly provider: string;
  readonly verifier: string;
  readonly nonce: string;
  /** Where to go afterwards, as it was asked for. */
  readonly next: string;
}

/**
 * Logins that are at the provider, in Redis: each comes back once, to the browser that it began in. Only hashes are names there,
 * so that whoever reads Redis cannot take part.
 */
@Injectable()
export class LoginFlows {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  /** @returns what the browser keeps in a cookie; nobody else can end the login */
  async begin(state: string, flow: LoginFlow): Promise<string> {
    const browser = randomBytes(32).toString('base64url');
    const stored = JSON.stringify({ ...flow, browser: digest(browser) });
    await this.redis.set(keyOf(state), stored, 'EX', flowSeconds);
    return browser;
  }

  /** Ends a login; of many at once only one gets it. Null for another browser, and for what has ended or never began. */
  async end(state: string, browser: string | null): Promise<LoginFlow | null> {
    const stored = await this.redis.getdel(keyOf(state));
    const flow = stored === null ? null : parseJson(stored);
    if (!isJsonObject(flow) || browser === null || textAt(flow, 'browser') !== digest(browser)) return null;
    return {
      provider: textAt(flow, 'provider'),
      verifier: textAt(flow, 'verifier'),
      nonce: textAt(flow, 'nonce'),
      next: textAt(flow, 'next'),
    };
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const keyOf = (state: string): string => redisKey('oidc', digest(state));
