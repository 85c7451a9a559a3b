import { hashKey, hashText } from './key-hash';

/** Sessions of keys lie under names that begin so. */
export const SESSION_PREFIX = 'apikey-';
const COUNTER_PREFIXES = ['quota-', 'rate-limit-'] as const;

/** All the names that one key has in Redis and in nodes. */
export interface KeyNames {
  /** The name in Redis that the token leads to, without the prefix: a hash, or the token itself when nothing is hashed. */
  readonly main: string;
  /** Names of copies of the session: of a custom key, what its bare id leads to. */
  readonly copies: readonly string[];
  /** What nodes have to hear so that each generation drops the key from its cache. */
  readonly announced: readonly string[];
}

/** A token, and the bare id that clients may send in its place. */
export interface PresentedAs {
  readonly token: string;
  /** Of custom keys and of users with a password. */
  readonly id?: string | undefined;
}

/**
 * The names of a key. Up to 3.1, nodes keep a key they have read under the hash that it is stored under; from 5.0 on under murmur64
 * of what the client sent, whatever the hash. A custom key sent by its bare id is looked up, and written back, under the hash
 * of that id.
 *
 * @param hashed whether nodes hash keys (`hash_keys`)
 */
export function keyNames({ token, id }: PresentedAs, hashed: boolean): KeyNames {
  const texts = id === undefined || id === token ? [token] : [token, id];
  const stored = hashed ? texts.map((text) => hashKey(text)) : texts;
  const cached = hashed ? texts.map((text) => hashText(text, 'murmur64')) : [];
  const [main = '', ...copies] = stored;
  return {
    main,
    copies: copies.filter((name) => name !== main),
    announced: [...new Set([...stored, ...cached])],
  };
}

/** The name in Redis that holds the session. */
export function sessionName(stored: string): string {
  return SESSION_PREFIX + stored;
}

/**
 * The names in Redis that count calls of a key: for the key as a whole, for each API with limits of its own and for the APIs of each
 * policy where several grant some, also those that a node blocks it by.
 *
 * @param scopes ids of APIs and policies
 */
export function counterNames(stored: string, scopes: readonly string[]): string[] {
  const scoped = ['', ...scopes.map((scope) => `${scope}-`)];
  return scoped.flatMap((scope) => [
    ...COUNTER_PREFIXES.map((prefix) => `${prefix}${scope}${stored}`),
    blockedName(`rate-limit-${scope}${stored}`),
  ]);
}

/** The calls of a rate, where gateways count them in Redis (`enable_redis_rolling_limiter`): a set, by nanoseconds since 1970. */
export function rateName(stored: string, scope = ''): string {
  return `rate-limit-${scope === '' ? '' : `${scope}-`}${stored}`;
}

/** What is there while gateways refuse every call (`enable_sentinel_rate_limiter`). @param name of the calls */
export function blockedName(name: string): string {
  return `${name}.BLOCKED`;
}

/** The counter of a quota. */
export function quotaName(stored: string, scope = ''): string {
  return `quota-${scope === '' ? '' : `${scope}-`}${stored}`;
}
