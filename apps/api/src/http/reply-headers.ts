import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { etagOf } from './precondition';

/** Where the next piece of a list begins; to be sent as `after`. */
export const nextHeader = 'X-Next-After';

/** What a handler answers beside the body. */
class WithHeaders {
  constructor(
    readonly headers: Readonly<Record<string, string>>,
    readonly body: unknown,
  ) {}
}

/** A body, and the version that it is of or that it led to, which the reply carries as its `ETag`. */
export const tagged = ({ version }: { readonly version: number }, body: unknown): unknown =>
  new WithHeaders({ etag: etagOf(version) }, body);

/** A piece of a list, and where the next one begins; null after the last. */
export const piece = (next: string | null, body: unknown): unknown =>
  next === null ? body : new WithHeaders({ [nextHeader]: next }, body);

/** Writes the headers that handlers answer. */
@Injectable()
export class SendHeaders implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((answer: unknown) => {
        if (!(answer instanceof WithHeaders)) return answer;
        void context
          .switchToHttp()
          .getResponse<FastifyReply>()
          .headers({ ...answer.headers });
        return answer.body;
      }),
    );
  }
}
