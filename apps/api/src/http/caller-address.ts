import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** `10.0.0.1:4711` and `[::1]:4711`, as some proxies write them. */
const withPort = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/;

/**
 * The address that a request came from, behind the proxies that are trusted. What is no address, because a proxy passes on
 * what a caller wrote, gives way to the one that the connection really has.
 */
export const addressOf = (request: Pick<FastifyRequest, 'ip' | 'socket'>): string => {
  const [, bracketed, plain] = withPort.exec(request.ip) ?? [];
  const address = bracketed ?? plain ?? request.ip;
  return isIP(address) === 0 ? (request.socket.remoteAddress ?? '') : address;
};
