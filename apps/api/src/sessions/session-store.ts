import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import { touchScript } from './session-scripts';

/** A person who has logged in with a browser. Times are milliseconds since 1970. */
export interface Session {
  /** 32 hex digits; names the session in lists, and opens nothing. */
  readonly id: string;
  readonly userId: string;
  readonly organisationId: string;
  readonly createdAt: number;
  readonly lastSeen: number;
  /** When it ends however much it is used. */
  readonly expiresAt: number;
  readonly address: string;
  readonly agent: string;
  /** How the person proved who they are. */
  readonly method: LoginMethod;
  /** What writes have to show beside the cookie. */
  readonly csrf: string;
  /** 24-hex ids of user groups whose rights the person has in this session alone, on the word of a broker of identities. */
  readonly groupIds: readonly string[];
}

export type LoginMethod = 'password' | 'sso' | 'oidc' | 'setup';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    castellanTouchSession(...parameters: string[]): Result<string[] | null, Context>;
  }
}

const agentLimit = 256;
/** Sessions that a user has at once; the oldest gives way to one more. */
const mostSessions = 50;

/**
 * Sessions in Redis, so that any replica knows them and ending one ends it everywhere with the next request. Only a hash
 * of the token is kept: who reads Redis cannot become somebody. What the person may do is not in the session; it is read
 * with every request, so that a right that was taken away is gone at once.
 */
@Injectable()
export class SessionStore {
  private readonly idleMs: number;
  private readonly lifetimeMs: number;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) { sessionIdleMinutes, sessionHours }: ApiConfig,
    private readonly clock: Clock,
  ) {
    this.idleMs = sessionIdleMinutes * 60_000;
    this.lifetimeMs = sessionHours * 3_600_000;
    redis.defineCommand('castellanTouchSession', { lua: touchScript, numberOfKeys: 1 });
  }

  /** @returns the session, and the token for the cookie, which is nowhere to be had after this */
  async create(
    owner: Pick<Session, 'userId' | 'organisationId' | 'address' | 'agent' | 'method' | 'groupIds'>,
  ): Promise<{ session: Session; token: string }> {
    const token = randomBytes(32).toString('base64url');
    const now = this.clock.millis();
    const session: Session = {
      ...owner,
      agent: owner.agent.slice(0, agentLimit),
      id: idOf(token),
      createdAt: now,
      lastSeen: now,
      expiresAt: now + this.lifetimeMs,
      csrf: randomBytes(24).toString('base64url'),
    };
    // The list first: a session that the list knows and that does not exist is nothing, the other way round it could not
    // be ended.
    await this.redis
      .multi()
      .zadd(this.listKey(owner.userId), session.expiresAt, session.id)
      .pexpire(this.listKey(owner.userId), this.lifetimeMs)
      .exec();
    await this.redis
      .multi()
      .hset(this.recordKey(session.id), { ...session, groupIds: session.groupIds.join(',') })
      .pexpire(this.recordKey(session.id), Math.min(this.idleMs, this.lifetimeMs))
      .exec();
    const surplus = await this.redis.zrange(this.listKey(owner.userId), '0', String(-mostSessions - 1));
    for (const id of surplus) await this.end({ id, userId: owner.userId });
    return { session, token };
  }

  /** A new session in the place of one that ends: what was known of the old one opens nothing any more. */
  async renew(session: Session): Promise<{ session: Session; token: string }> {
    const { userId, organisationId, address, agent, method, groupIds } = session;
    const renewed = await this.create({ userId, organisationId, address, agent, method, groupIds });
    await this.end(session);
    return renewed;
  }

  /** A session by the id that lists show; null when it is over. */
  async byId(id: string): Promise<Session | null> {
    if (!/^[0-9a-f]{32}$/.test(id)) return null;
    const session = sessionOf(await this.redis.hgetall(this.recordKey(id)));
    return session !== null && !this.isOver(session) ? session : null;
  }

  /** The session that a cookie opens, which has been seen just now; null when it is over. */
  async touch(token: string): Promise<Session | null> {
    const key = this.recordKey(idOf(token));
    const fields = await this.redis.castellanTouchSession(key, String(this.clock.millis()), String(this.idleMs));
    return fields === null ? null : sessionOf(pairs(fields));
  }

  /** The sessions of a user that are not over, the latest first. */
  async ofUser(userId: string): Promise<readonly Session[]> {
    await this.redis.zremrangebyscore(this.listKey(userId), 0, this.clock.millis());
    const ids = await this.redis.zrevrange(this.listKey(userId), 0, -1);
    const sessions = await Promise.all(ids.map(async (id) => sessionOf(await this.redis.hgetall(this.recordKey(id)))));
    return sessions
      .filter((session) => session !== null)
      .filter((session) => !this.isOver(session))
      .sort((one, other) => other.createdAt - one.createdAt);
  }

  async end(session: Pick<Session, 'id' | 'userId'>): Promise<void> {
    await this.redis.del(this.recordKey(session.id));
    await this.redis.zrem(this.listKey(session.userId), session.id);
  }

  /** Ends the sessions of a user, but for one if that is said. @returns how many there were */
  async endAllOf(userId: string, except?: string): Promise<number> {
    const ids = await this.redis.zrange(this.listKey(userId), '0', '-1');
    const ended = ids.filter((id) => id !== except);
    for (const id of ended) await this.end({ id, userId });
    return ended.length;
  }

  /** Redis forgets a session by itself, but not to the millisecond. */
  private isOver({ expiresAt, lastSeen }: Session): boolean {
    const now = this.clock.millis();
    return expiresAt <= now || now - lastSeen >= this.idleMs;
  }

  private recordKey(id: string): string {
    return redisKey('session', id);
  }

  private listKey(userId: string): string {
    return redisKey('sessions', userId);
  }
}

const idOf = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 32);

const pairs = (fields: readonly string[]): Readonly<Record<string, string>> => {
  const entries: [string, string][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2)
    entries.push([fields[index] ?? '', fields[index + 1] ?? '']);
  return Object.fromEntries(entries);
};

const methods: readonly string[] = ['password', 'sso', 'oidc', 'setup'] satisfies LoginMethod[];
const isMethod = (text: string | undefined): text is LoginMethod => text !== undefined && methods.includes(text);

/** Null for a record that is not, or not wholly, there. */
const sessionOf = (fields: Readonly<Record<string, string>>): Session | null => {
  const { id, userId, organisationId, csrf, method } = fields;
  if (id === undefined || userId === undefined || organisationId === undefined || csrf === undefined) return null;
  if (!isMethod(method)) return null;
  return {
    id,
    userId,
    organisationId,
    csrf,
    method,
    createdAt: Number(fields['createdAt']),
    lastSeen: Number(fields['lastSeen']),
    expiresAt: Number(fields['expiresAt']),
    address: fields['address'] ?? '',
    agent: fields['agent'] ?? '',
    groupIds: (fields['groupIds'] ?? '').split(',').filter((groupId) => groupId !== ''),
  };
};
