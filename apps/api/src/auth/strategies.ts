import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Unauthorised } from '@castellan/dto';
import { UserStore } from '@castellan/persistence';
import type { AdminPrincipal, NodePrincipal, UserPrincipal } from '@castellan/rbac';
import { addressOf } from '../http/caller-address';
import { FailedAttempts } from './attempts';
import { accessKeyHash, equalSecrets } from './secrets';

const header = (request: Pick<FastifyRequest, 'headers'>, name: string): string => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
};

/**
 * The key itself; the current tools send it with `Bearer` before it, the older ones raw
 * (docs/tyk/management.md#authentication).
 */
const bearer = /^bearer\s+/i;

/** A user's access key in `authorization`. Looked up each time, so that a revoked key ends with the next request. */
@Injectable()
export class AccessKeyStrategy extends PassportStrategy(Strategy, 'organisation') {
  constructor(
    private readonly users: UserStore,
    private readonly attempts: FailedAttempts,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<UserPrincipal> {
    const key = header(request, 'authorization').replace(bearer, '').trim();
    if (key === '') throw new Unauthorised();
    const user = await this.users.activeByAccessKeyHash(accessKeyHash(key));
    if (user === null) throw await this.attempts.refusal('credential', addressOf(request));
    return {
      plane: 'organisation',
      userId: user._id.toString(),
      email: user.email,
      organisationId: user.orgId.toString(),
      grants: user.grants,
    };
  }
}

/** The installation's admin secret in `admin-auth`. It is always taken, however many wrong ones came before it. */
@Injectable()
export class AdminSecretStrategy extends PassportStrategy(Strategy, 'admin') {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly attempts: FailedAttempts,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<AdminPrincipal> {
    if (equalSecrets(header(request, 'admin-auth'), this.config.adminSecret)) return { plane: 'admin' };
    throw await this.attempts.refusal('admin', addressOf(request));
  }
}

/**
 * The node secret in `authorization` (docs/tyk/nodes.md#headers). A wrong one is a 401: gateways take a 403 for an
 * invitation to register again, which would not help.
 */
@Injectable()
export class NodeSecretStrategy extends PassportStrategy(Strategy, 'node') {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly attempts: FailedAttempts,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<NodePrincipal> {
    const secret = header(request, 'authorization');
    if (secret === '') throw new Unauthorised();
    if (equalSecrets(secret, this.config.nodeSecret)) return { plane: 'node' };
    throw await this.attempts.refusal('credential', addressOf(request));
  }
}
