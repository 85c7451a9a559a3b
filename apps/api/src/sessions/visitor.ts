import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { toOrganisationId, type ChangeContext, type UserRow } from '@castellan/persistence';
import { keyOf } from '../auth/access-key-header';
import { addressOf } from '../http/caller-address';
import { pathOf } from '../http/server';
import { deviceTokenOf, sessionTokenOf, setDeviceCookie, setSessionCookie } from './session-cookie';

const longestName = 254;

/** Somebody who is not known yet, and the browser or program that speaks for them. */
export class Visitor {
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly config: ApiConfig,
  ) {}

  get address(): string {
    return addressOf(this.request);
  }

  get agent(): string {
    return this.request.headers['user-agent'] ?? '';
  }

  /** By which the browser is known from an earlier login; null for a new one. */
  get device(): string | null {
    return deviceTokenOf(this.request, this.config);
  }

  /** The session that the browser has already; null when it has none. */
  get sessionToken(): string | null {
    return sessionTokenOf(this.request, this.config);
  }

  /** The access key that a program, or a person who has it at hand, sends beside the password; empty for none. */
  get accessKey(): string {
    return keyOf(this.request);
  }

  giveSession(token: string): void {
    setSessionCookie(this.reply, this.config, token);
  }

  giveDevice(token: string): void {
    setDeviceCookie(this.reply, this.config, token);
  }

  /** For records of what somebody did, or tried, who said to be of this name. */
  traceOf(action: string, name: string): Omit<ChangeContext, 'organisation'> {
    const { id, method } = this.request;
    return {
      actor: { kind: 'user', id: '', name: name.slice(0, longestName) },
      action,
      request: { id, method, path: pathOf(this.request), ip: this.address },
      reason: '',
    };
  }

  /** The same once it is proven who it is. */
  contextOf(action: string, user: UserRow): ChangeContext {
    const actor = { kind: 'user', id: user._id.toString(), name: user.email } as const;
    return { ...this.traceOf(action, user.email), actor, organisation: toOrganisationId(user.orgId) };
  }
}
