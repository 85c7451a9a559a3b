import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Unauthorised } from '@castellan/dto';
import type { AdminPrincipal, NodePrincipal } from '@castellan/rbac';
import { addressOf } from '../http/caller-address';
import { FailedAttempts } from './attempts';
import { OperatorSecrets } from './operator-secrets';
import { equalSecrets } from './secrets';

const header = (request: Pick<FastifyRequest, 'headers'>, name: string): string => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
};

/** An admin secret in `admin-auth`, which says who of the operators it is. It is always taken, however many wrong ones came before it. */
@Injectable()
export class AdminSecretStrategy extends PassportStrategy(Strategy, 'admin') {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly attempts: FailedAttempts,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<AdminPrincipal> {
    const operator = OperatorSecrets.of(this.config).holderOf(header(request, 'admin-auth'));
    if (operator !== null) return { plane: 'operator', operator };
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
