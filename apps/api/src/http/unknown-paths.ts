import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const page = `<!doctype html>
<title>Castellan</title>
<p>There is nothing at this address. What there is, <a href="/docs">/docs</a> shows.</p>
`;

/** How the reply to an unknown path begins; that to a missing resource says another message. */
const unknownPath = /^\{"Status":"Error","Message":"404",/;

/**
 * Leads people who open an address of the API in a browser to its documentation. Programs get the reply that clients of
 * Tyk know, with a link (RFC 8631) in a header.
 */
export const guideFromUnknownPaths = (server: FastifyInstance): void => {
  server.addHook('onSend', (request, reply, payload, done) => {
    done(null, isUnknownPath(reply, payload) ? guide(request, reply, payload) : payload);
  });
};

const isUnknownPath = ({ statusCode }: FastifyReply, payload: unknown): boolean =>
  statusCode === 404 && typeof payload === 'string' && unknownPath.test(payload);

const guide = (request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown => {
  reply.header('link', '</docs>; rel="service-doc"');
  if (request.method !== 'GET' || !request.headers.accept?.includes('text/html')) return payload;
  reply.removeHeader('content-length');
  reply.header('content-type', 'text/html; charset=utf-8');
  return page;
};
