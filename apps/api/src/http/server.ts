import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  LogController,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import type { ApiConfig } from '@castellan/config';
import { ErrorReply } from '@castellan/dto';
import type { Logger, Metrics } from '@castellan/observability';
import type { AccessControl } from '@castellan/rbac';
import { SilentConnections } from './silent-connections';
import { admitCallers } from './admit-callers';
import { acceptBodies } from './bodies/accept-bodies';
import { BodyBudget } from './bodies/body-budget';
import { answerClientError } from './client-errors';
import { secretsOf, withoutCredentials } from './credentials-in-text';
import { acceptForms } from './file-upload';
import type { FrontDoor } from './front-door';
import { acceptLargeBodies } from './large-bodies';
import type { RateLimits } from './rate-limits';
import { shownPath } from './shown-path';
import { refuseUnreadBodies } from './unread-bodies';
import { warnOfUnbelievedProxies } from './unbelieved-proxies';

/** What an `X-Request-ID` may look like to be taken over; anything else gets a fresh id. */
const acceptableRequestId = /^[\w.:-]{1,128}$/;

const requestIdOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string => {
  const given = headers['x-request-id'];
  if (typeof given !== 'string' || !acceptableRequestId.test(given)) return randomUUID();
  return withoutCredentials(given, headers) === given ? given : randomUUID();
};

/** Routes that gateways and probes call every few seconds; their successes are logged only on `debug`. */
const quietRoutes = new Set(['/register/ping', '/health/live', '/health/ready', '/metrics', '/hello']);

/** How long the headers of a request may take, in milliseconds. */
const longestHeaders = 20_000;
/** How often it is looked which request has taken too long, in milliseconds. */
const longestCheck = 5_000;

/**
 * The HTTP server itself: request ids, body parsing, headers, request log and request metrics.
 *
 * @param door where the process listens before the application is there; without one the application listens itself
 */
export const createAdapter = (config: ApiConfig, logger: Logger, door?: FrontDoor): FastifyAdapter =>
  new FastifyAdapter({
    ...serverOptions(config, logger),
    ...(door === undefined ? {} : { serverFactory: door.serverFactory }),
  });

const serverOptions = (config: ApiConfig, logger: Logger): FastifyHttpOptions<Server> => ({
  loggerInstance: logger,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  bodyLimit: config.bodyLimit,
  trustProxy: believed(config.trustProxy),
  forceCloseConnections: 'idle',
  requestTimeout: config.requestTimeoutMs,
  http: {
    headersTimeout: Math.min(longestHeaders, config.requestTimeoutMs),
    connectionsCheckingInterval: Math.min(longestCheck, config.requestTimeoutMs / 2),
  },
  clientErrorHandler: answerClientError,
  genReqId: requestIdOf,
  routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1_024 },
  frameworkErrors: refuseUnreadablePath,
});

/** The nearest proxies by their number, or those with certain addresses. */
const believed = (trusted: ApiConfig['trustProxy']): false | string[] | ((address: string, hop: number) => boolean) =>
  typeof trusted === 'number' ? (_, hop) => hop < trusted : trusted;

/** A path that cannot be decoded reaches no route and no filter, and is answered in the envelope of all errors here. */
const refuseUnreadablePath = ({ message }: Error, request: FastifyRequest, reply: FastifyReply): void => {
  const body = new ErrorReply(message, null, 'validation_failed', [], request.id);
  void reply.status(400).headers({ 'x-request-id': request.id }).send(body);
};

/** Everything that has to be in place on the server before Nest adds its routes. */
export const prepareServer = async (
  server: FastifyInstance,
  config: ApiConfig,
  metrics: Metrics,
  control: AccessControl,
  limits: RateLimits,
): Promise<void> => {
  const budget = new BodyBudget(config.bodiesLimit, config.bodiesLimit - Math.floor(config.bodiesLimit / 5));
  metrics.gauge('castellan_body_bytes_held', 'Bytes of bodies that are not whole or not read yet', [], () =>
    Promise.resolve([{ labels: {}, value: budget.held }]),
  );
  server.decorate('installationSecrets', { getter: () => secretsOf(config) });
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  warnOfUnbelievedProxies(server);
  await server.register(helmet, { contentSecurityPolicy: contentSecurityPolicy });
  await server.register(cookie);
  const silent = new SilentConnections(server.server);
  server.addHook('preClose', (done) => {
    silent.close();
    done();
  });
  admitCallers(server, control, limits);
  acceptBodies(server, config, budget);
  acceptLargeBodies(server, config);
  await acceptForms(server, config, budget);
  refuseUnreadBodies(server);
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    // Otherwise the connection of a request that was under way stays open, and the process waits for it.
    if (closing) void reply.header('connection', 'close');
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    metrics.httpRequests.observe(labels, reply.elapsedTime / 1_000);
    const line = {
      ...labels,
      url: withoutCredentials(pathOf(request), request.headers, server.installationSecrets),
      ms: Math.round(reply.elapsedTime),
    };
    if (quietRoutes.has(route) && reply.statusCode < 400) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
    done();
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

/** Without the query, which may carry what nobody should read in a log, and without tokens. */
export const pathOf = (request: Pick<FastifyRequest, 'url'>): string => shownPath(request.url.split('?', 1)[0] ?? '');
