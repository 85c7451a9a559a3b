import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { CastellanError } from '@castellan/dto';

const malformed = new WeakMap<object, CastellanError>();

/** Notes that the body of a request could not be read; the request goes on, so that it is known who sent it. */
export const noteMalformedBody = (request: object, error: CastellanError): void => {
  malformed.set(request, error);
};

/**
 * Refuses a request whose body could not be read, after the guard: a caller without a credential hears that first, and
 * a write that was refused to somebody known is in the audit log.
 */
@Injectable()
export class RefuseMalformedBody implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const error = context.getType() === 'http' ? malformed.get(context.switchToHttp().getRequest<object>()) : undefined;
    if (error !== undefined) throw error;
    return next.handle();
  }
}
