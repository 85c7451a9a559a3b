import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { ACCESS, type Access } from '@castellan/rbac';
import { givenTo, RouteQuery, queryOf, takesAnyParameters } from './query';

const nothing = new RouteQuery({});

/** What tools of Tyk send on every write, and no route reads: tyk-sync of the last open line. */
const tolerated = 'accept_additional_properties';

/**
 * Refuses parameters that a route does not know: a mistyped one would otherwise be left out in silence, and a call do
 * more than its author meant. Gateways may send what they like, because nothing they ask for depends on it, and so may callers
 * of the few routes that say so: probes, and identity providers that send a browser back.
 */
@Injectable()
export class RefuseUnknownParameters implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http' && this.isStrict(context)) {
      const given = Object.entries(givenTo(context)).filter(([name]) => name !== tolerated);
      (queryOf(context.getHandler()) ?? nothing).refuseUnknown(Object.fromEntries(given));
    }
    return next.handle();
  }

  private isStrict(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    return access !== undefined && access.plane !== 'node' && !takesAnyParameters(context.getHandler());
  }
}
