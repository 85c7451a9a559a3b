import type { FastifyInstance } from 'fastify';

/**
 * Says once where requests come from with an `X-Forwarded-For` that is not believed. Behind a proxy nobody has been told of, all
 * callers have one address, and limits count them as one. One line is enough, since anybody may send such a header.
 */
export const warnOfUnbelievedProxies = (server: FastifyInstance): void => {
  let isSaid = false;
  server.addHook('onRequest', (request, _, done) => {
    // Who is believed is the first of them, and the one that it speaks for the second.
    const isBelieved = (request.ips ?? []).length > 1;
    if (!isSaid && !isBelieved && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true;
      const message =
        'An X-Forwarded-For is not believed; if a proxy of yours sends it, name it in CASTELLAN_TRUST_PROXY';
      request.log.warn({ address: request.ip }, message);
    }
    done();
  });
};
