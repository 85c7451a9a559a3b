import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Authenticator as Passport, type Authenticator as PassportInstance, type Strategy } from 'passport';
import { Unauthorised } from '@castellan/dto';
import type { Authenticator, Plane, Principal } from '@castellan/rbac';
import { AccessKeyStrategy, AdminSecretStrategy, NodeSecretStrategy } from './strategies';

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

  constructor(organisation: AccessKeyStrategy, admin: AdminSecretStrategy, node: NodeSecretStrategy) {
    this.strategies = { organisation, admin, node };
  }

  authenticate(plane: GuardedPlane, context: ExecutionContext): Promise<Principal> {
    const http = context.switchToHttp();
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
      middleware(http.getRequest(), http.getResponse(), finish);
    });
  }
}
