import { Injectable } from '@nestjs/common';
import { Authenticator as Passport, type Authenticator as PassportInstance, type Strategy } from 'passport';
import { CastellanError, Unauthorised } from '@castellan/dto';
import { Metrics } from '@castellan/observability';
import type { Authenticator, Plane, Principal } from '@castellan/rbac';
import { OrganisationStrategy } from './organisation-strategy';
import { AdminSecretStrategy, NodeSecretStrategy } from './strategies';

type GuardedPlane = Exclude<Plane, 'public'>;
type Middleware = (request: unknown, response: unknown, next: (error?: Error | null) => void) => void;

/**
 * Lets Passport prove who calls, by the strategy of the plane. It is given the strategy itself, because names are
 * registered for the whole process, which may hold more than one application.
 */
@Injectable()
export class PassportAuthenticator implements Authenticator {
  private readonly passport: Pick<PassportInstance<unknown, Middleware>, 'authenticate'> = new Passport();
  private readonly strategies: Readonly<Record<GuardedPlane, Strategy>>;

  private readonly failures: ReturnType<Metrics['counter']>;

  constructor(
    organisation: OrganisationStrategy,
    operator: AdminSecretStrategy,
    node: NodeSecretStrategy,
    metrics: Metrics,
  ) {
    this.strategies = { organisation, operator, node };
    this.failures = metrics.counter('castellan_auth_failures_total', 'Missing and wrong credentials', [
      'plane',
      'code',
    ]);
  }

  async authenticate(plane: GuardedPlane, request: object, response: object): Promise<Principal> {
    try {
      return await this.ask(plane, request, response);
    } catch (error) {
      if (error instanceof CastellanError) this.failures.inc({ plane, code: error.code });
      throw error;
    }
  }

  private ask(plane: GuardedPlane, request: object, response: object): Promise<Principal> {
    return new Promise((resolve, reject) => {
      // What went wrong is handed on as the strategy threw it: whether it was an outage is for the error filter to say.
      const finish = (error?: Error | null, principal?: Principal | false | null): void => {
        if (error) reject(error);
        else if (principal) resolve(principal);
        else reject(new Unauthorised());
      };
      // One for each request: Passport puts the callbacks of the request on the strategy that it is given.
      const strategy = Object.create(this.strategies[plane]) as Strategy;
      const middleware = this.passport.authenticate(strategy, { session: false }, finish);
      middleware(request, response, finish);
    });
  }
}
