import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ValidationFailed } from '@castellan/dto';

/** What clients send: ids of their own making, such as UUIDs. */
const key = /^[\x21-\x7e]{8,255}$/;

/** By what a client that sends a request once more says that it is the same one; undefined when it does not. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const sent = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (sent === undefined) return undefined;
  if (typeof sent === 'string' && key.test(sent)) return sent;
  throw new ValidationFailed([{ path: 'Idempotency-Key', message: 'must be 8 to 255 letters, digits and signs' }]);
});
