import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import helmet from '@fastify/helmet';
import type { ApiConfig } from '@castellan/config';
import { CastellanError, ErrorReply } from '@castellan/dto';
import type { Logger, Metrics } from '@castellan/observability';
import { parseJson } from '@castellan/tyk';
import { acceptForms } from './file-upload';
import { noteMalformedBody } from './malformed-body';

/** What an `X-Request-ID` may look like to be taken over; anything else gets a fresh id. */
const acceptableRequestId = /^[\w.:-]{1,128}$/;

const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && acceptableRequestId.test(given) ? given : randomUUID();

/** Routes that gateways and probes call every few seconds; their successes are logged only on `debug`. */
const quietRoutes = new Set(['/register/ping', '/health/live', '/health/ready', '/metrics', '/hello']);

/** The HTTP server itself: request ids, body parsing, headers, request log and request metrics. */
export const createAdapter = (config: ApiConfig, logger: Logger): FastifyAdapter =>
  new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustProxy,
    forceCloseConnections: 'idle',
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1_024 },
    frameworkErrors: refuseUnreadablePath,
  });

/** A path that cannot be decoded reaches no route and no filter, and is answered in the envelope of all errors here. */
const refuseUnreadablePath = ({ message }: Error, request: FastifyRequest, reply: FastifyReply): void => {
  const body = new ErrorReply(message, null, 'validation_failed', [], request.id);
  void reply.status(400).headers({ 'x-request-id': request.id }).send(body);
};

/** Everything that has to be in place on the server before Nest adds its routes. */
export const prepareServer = async (server: FastifyInstance, config: ApiConfig, metrics: Metrics): Promise<void> => {
  await server.register(helmet, { contentSecurityPolicy: contentSecurityPolicy });
  acceptBodies(server, config);
  await acceptForms(server, config);
  server.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onSend', async (_, reply) => {
    // Otherwise the connection of a request that was under way stays open, and the process waits for it.
    if (closing) void reply.header('connection', 'close');
  });
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    metrics.httpRequests.observe(labels, reply.elapsedTime / 1_000);
    const line = { ...labels, url: pathOf(request), ms: Math.round(reply.elapsedTime) };
    if (quietRoutes.has(route) && reply.statusCode < 400) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
  });
};

/** Swagger UI is the only page served here; it brings its scripts and styles itself. */
const contentSecurityPolicy = {
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    scriptSrc: ["'self'", "'unsafe-inline'"],
    // Installations without TLS would otherwise be sent to an address that does not answer.
    upgradeInsecureRequests: null,
  },
};

/** Without the query, which may carry what nobody should read in a log. */
export const pathOf = (request: Pick<FastifyRequest, 'url'>): string => request.url.split('?', 1)[0] ?? '';

const yamlType = /^(application|text)\/(x-)?(vnd\.[\w.+-]*)?yaml/i;

/**
 * One parser for every content type: clients send JSON as `application/x-www-form-urlencoded`, or name no type at all
 * (docs/tyk/management.md#bodies). YAML reaches its route as text, a form unread.
 */
const acceptBodies = (server: FastifyInstance, { bodyLimit }: ApiConfig): void => {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (request: FastifyRequest, body: string, done) => {
    try {
      done(null, parseBody(request, body));
    } catch (error) {
      noteMalformedBody(request, malformed(error));
      done(null, undefined);
    }
  });
};

const parseBody = (request: FastifyRequest, body: string): unknown => {
  if (body.trim() === '') return undefined;
  if (yamlType.test(request.headers['content-type'] ?? '')) return body;
  return parseJson(body);
};

const malformed = (cause: unknown): CastellanError => {
  const said = cause instanceof Error ? cause.message : 'not JSON';
  return new CastellanError(400, 'malformed_json', `Request body malformed: ${said}`, { cause });
};
