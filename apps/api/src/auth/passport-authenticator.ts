import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { Unauthorised } from '@castellan/dto';
import type { Authenticator, Plane, Principal } from '@castellan/rbac';

type GuardedPlane = Exclude<Plane, 'public'>;

/** Passport's guard for one strategy, with errors left as the strategy threw them. */
const guardFor = (plane: GuardedPlane): CanActivate => {
  class StrategyGuard extends AuthGuard(plane) {
    override handleRequest<User>(error: unknown, user: User): User {
      if (error instanceof Error) throw error;
      if (!user) throw new Unauthorised();
      return user;
    }
  }
  return new StrategyGuard();
};

/** Lets Passport prove who calls, by the strategy that bears the plane's name. */
@Injectable()
export class PassportAuthenticator implements Authenticator {
  private readonly guards: Readonly<Record<GuardedPlane, CanActivate>> = {
    admin: guardFor('admin'),
    organisation: guardFor('organisation'),
    node: guardFor('node'),
  };

  async authenticate(plane: GuardedPlane, context: ExecutionContext): Promise<Principal> {
    await this.guards[plane].canActivate(context);
    const { user } = context.switchToHttp().getRequest<{ user?: Principal }>();
    if (user === undefined) throw new Unauthorised();
    return user;
  }
}
