import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { addRouteConfig } from '@castellan/rbac';

const mark = { largeBody: true } as const;

/** A route whose body may be as large as CASTELLAN_IMPORT_LIMIT. */
export const LargeBody = (): MethodDecorator => addRouteConfig(mark);

/** Lets marked routes take large bodies. */
export const acceptLargeBodies = (server: FastifyInstance, { importLimit }: ApiConfig): void => {
  server.addHook('onRoute', (route) => {
    if (route.config !== undefined && 'largeBody' in route.config) route.bodyLimit = importLimit;
  });
};
