import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NotFound } from '@castellan/dto';
import { accessOf, type AccessControl, type GuardedRequest } from '@castellan/rbac';
import type { RateLimits } from './rate-limits';

const withoutBody = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets callers in before anything of their body is read: for everybody else the time and the memory would be wasted. A
 * path that leads nowhere is answered at once, too.
 */
export const admitCallers = (server: FastifyInstance, control: AccessControl, limits: RateLimits): void => {
  server.addHook('onRequest', async (request: FastifyRequest & GuardedRequest, reply) => {
    if (request.is404) {
      await limits.take(request, reply);
      throw new NotFound('404');
    }
    const access = accessOf(request.routeOptions.config);
    // The files of the documentation are no routes of ours, and are only read.
    if (access === undefined && withoutBody.has(request.method)) return;
    try {
      await control.admit(access, request, reply);
    } finally {
      // Whoever was refused is counted, too: being too fast is said before being wrong.
      await limits.take(request, reply);
    }
  });
};
