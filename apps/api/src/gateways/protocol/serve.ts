import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { NodeList } from '../delivery/generation';

const acceptsGzip = ({ headers }: FastifyRequest): boolean => /\bgzip\b/.test(headers['accept-encoding'] ?? '');

/**
 * Sends the kept bytes of a list and, behind them, what is only for this node. Compressed, that end is a second gzip
 * member of a few bytes, so that nothing large is compressed again (docs/tyk/nodes.md#compression).
 */
export const serve = (list: NodeList, tail: string, request: FastifyRequest, reply: FastifyReply): void => {
  void reply.header('content-type', 'application/json').header('vary', 'accept-encoding');
  if (acceptsGzip(request)) {
    void reply.header('content-encoding', 'gzip').send(Buffer.concat([list.gzip, gzipSync(tail)]));
  } else {
    void reply.send(Buffer.concat([list.plain, Buffer.from(tail)]));
  }
};
