import type { FastifyRequest } from 'fastify';
import { addRouteConfig } from '@castellan/rbac';

const mark = { rawBody: true } as const;

/** A route that takes a body which is a file itself, whatever its type says: it is left as the bytes that came. */
export const RawBody = (): MethodDecorator => addRouteConfig(mark);

export const isRawBody = ({ routeOptions: { config } }: FastifyRequest): boolean => 'rawBody' in config;
