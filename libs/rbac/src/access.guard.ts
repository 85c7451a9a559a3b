import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Forbidden } from '@castellan/dto';
import { ACCESS, type Access, type Plane } from './access.decorator';
import { allows } from './catalogue';
import type { Principal } from './principal';

/** Proves who calls, plane by plane. */
export interface Authenticator {
  /** @throws Unauthorised when the credential of that plane is missing or wrong */
  authenticate(plane: Exclude<Plane, 'public'>, context: ExecutionContext): Promise<Principal>;
}

export const AUTHENTICATOR = Symbol('AUTHENTICATOR');

/** What the guard leaves on the request for handlers, audit and logs. */
export interface GuardedRequest {
  url: string;
  access?: Access;
  principal?: Principal;
}

/** The one guard. A route that declares no access refuses everybody (promise 7). */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(AUTHENTICATOR) private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Transport events come from Redis, which only the system's own processes reach; routes are HTTP.
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const path = request.url.split('?', 1)[0] ?? '';
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    if (access === undefined) throw new Forbidden(path);
    request.access = access;
    if (access.plane === 'public') return true;

    const principal = await this.authenticator.authenticate(access.plane, context);
    request.principal = principal;
    if (!permits(access, principal)) throw new Forbidden(path);
    return true;
  }
}

const permits = ({ plane, permission }: Access, principal: Principal): boolean => {
  if (principal.plane !== plane) return false;
  if (principal.plane !== 'organisation' || permission === null) return true;
  return allows(principal.grants, permission.section, permission.level);
};
