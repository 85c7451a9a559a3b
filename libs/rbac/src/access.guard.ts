import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Forbidden } from '@castellan/dto';
import { ACCESS, type Access, type Plane } from './access.decorator';
import { allows } from './catalogue';
import type { Principal } from './principal';

/** Proves who calls, plane by plane. */
export interface Authenticator {
  /** @throws Unauthorised when the credential of that plane is missing or wrong */
  authenticate(plane: Exclude<Plane, 'public'>, request: object, response: object): Promise<Principal>;
}

export const AUTHENTICATOR = Symbol('AUTHENTICATOR');

/** What is known of a request once it has been let in, for handlers, audit and logs. */
export interface GuardedRequest {
  url: string;
  access?: Access;
  principal?: Principal;
}

/** The one place that lets requests in. A route that declares no access refuses everybody (promise 7). */
@Injectable()
export class AccessControl {
  constructor(@Inject(AUTHENTICATOR) private readonly authenticator: Authenticator) {}

  /**
   * Lets a request in; a second time costs nothing, so that it can be asked before the body is read and by the guard.
   *
   * @throws Unauthorised, Forbidden
   */
  async admit(access: Access | undefined, request: GuardedRequest, response: object): Promise<void> {
    const path = request.url.split('?', 1)[0] ?? '';
    if (access === undefined) throw new Forbidden(path);
    request.access = access;
    if (access.plane === 'public') return;
    request.principal ??= await this.authenticator.authenticate(access.plane, request, response);
    if (!permits(access, request.principal)) throw new Forbidden(path);
  }
}

/** The guard of every route; HTTP requests have mostly been let in before their body was read. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly control: AccessControl,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Transport events come from Redis, which only the system's own processes reach; routes are HTTP.
    if (context.getType() !== 'http') return true;
    const http = context.switchToHttp();
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    await this.control.admit(access, http.getRequest<GuardedRequest>(), http.getResponse<object>());
    return true;
  }
}

const permits = ({ plane, permission }: Access, principal: Principal): boolean => {
  if (principal.plane !== plane) return false;
  if (principal.plane !== 'organisation' || permission === null) return true;
  return allows(principal.grants, permission.section, permission.level);
};
