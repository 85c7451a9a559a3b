import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import type { Authenticator } from '@castellan/rbac';
import { pathOf } from './server';

const mark = { largeBody: true } as const;

/** A route whose body may be as large as CASTELLAN_IMPORT_LIMIT. */
export const LargeBody = (): MethodDecorator => RouteConfig(mark);

const isMarked = ({ config }: { readonly config?: object | undefined }): boolean =>
  config !== undefined && 'largeBody' in config;

/**
 * Lets marked routes take large bodies, and only from callers whose credential is good: that is proved before the body
 * is read, since for everybody else the time and memory would be wasted.
 */
export const acceptLargeBodies = (
  server: FastifyInstance,
  { importLimit }: ApiConfig,
  authenticator: Authenticator,
): void => {
  server.addHook('onRoute', (route: RouteOptions) => {
    if (isMarked(route)) route.bodyLimit = importLimit;
  });
  server.addHook('preParsing', async (request: FastifyRequest, reply) => {
    if (!isMarked(request.routeOptions)) return;
    const plane = pathOf(request).startsWith('/admin/') ? 'admin' : 'organisation';
    await authenticator.authenticate(plane, new ExecutionContextHost([request, reply]));
  });
};
