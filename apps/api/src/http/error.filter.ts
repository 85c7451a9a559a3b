import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CastellanError, ErrorReply, NotFound, Unavailable } from '@castellan/dto';
import { LOGGER, Metrics, type Logger } from '@castellan/observability';
import { ChangeRecorder, OrganisationStore, toOrganisationId, type OrganisationId } from '@castellan/persistence';
import { withoutCredentials } from './credentials-in-text';
import { isOutage } from './outage';
import { requestTraceOf, type ApiRequest } from './request-context';
import { pathOf } from './server';

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Somebody else has what the write wants, or has changed what it is based on. */
const conflictStatuses = new Set([409, 412]);

const hasStatusCode = (error: unknown): error is { readonly statusCode: number; readonly code?: string } =>
  typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number';

/** What the caller gets to see of an error; `null` where that is none of its business. */
const toCallersError = (error: unknown): CastellanError | null => {
  if (error instanceof CastellanError) return error;
  if (isOutage(error)) return new Unavailable('A database', error);
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message);
  // Fastify's own errors: body too large, malformed URL and the like.
  if (hasStatusCode(error)) return fromStatus(error.statusCode, error instanceof Error ? error.message : '');
  return null;
};

const fromStatus = (status: number, message: string): CastellanError | null => {
  // Unknown path, in the words that clients know (docs/tyk/management.md#replies).
  if (status === 404) return new NotFound('404');
  if (status === 413) {
    const limits = 'CASTELLAN_BODY_LIMIT, or CASTELLAN_IMPORT_LIMIT for imports,';
    return new CastellanError(413, 'body_too_large', `The request body is larger than ${limits} allows`);
  }
  if (status === 415) return new CastellanError(415, 'unsupported_media_type', 'The content type cannot be read');
  if (status < 400 || status >= 500) return null;
  return new CastellanError(status, 'validation_failed', message);
};

/**
 * The one place where errors become replies. A 500 hides its cause and logs it under the same request id. A write that
 * was refused to somebody known leaves an audit record.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly conflicts: ReturnType<Metrics['counter']>;
  private readonly refusedWrites: ReturnType<Metrics['counter']>;

  constructor(
    private readonly changes: ChangeRecorder,
    private readonly organisations: OrganisationStore,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.conflicts = metrics.counter('castellan_conflicts_total', 'Replies that say a write collides', ['code']);
    this.refusedWrites = metrics.counter('castellan_refused_writes_total', 'Writes answered 4xx or 5xx', ['code']);
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    if (host.getType() !== 'http') {
      this.logger.error({ err: error }, 'An event could not be handled');
      return;
    }
    const request = host.switchToHttp().getRequest<ApiRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const seen = toCallersError(error) ?? new CastellanError(500, 'internal', 'Internal error', { cause: error });
    this.count(request, seen);
    if (seen.status >= 500) this.logger.error({ err: seen.cause ?? seen, requestId: request.id }, seen.message);
    else await this.recordRefusal(request, seen);
    if (reply.sent) return;
    void reply
      .status(seen.status)
      .headers({ ...seen.headers })
      .send(new ErrorReply(seen.message, seen.meta, seen.code, seen.errors, request.id));
  }

  /** What people set alerts on; a search that is sent as POST is no write. */
  private count({ method, access }: ApiRequest, { status, code }: CastellanError): void {
    if (readingMethods.has(method) || access === undefined || access.permission?.level === 'read') return;
    this.refusedWrites.inc({ code });
    if (conflictStatuses.has(status)) this.conflicts.inc({ code });
  }

  private async recordRefusal(request: ApiRequest, { status, code, message }: CastellanError): Promise<void> {
    const { principal, access } = request;
    if (readingMethods.has(request.method) || principal === undefined || principal.plane === 'node') return;
    // Whoever sends too much would fill the log with it.
    if (code === 'rate_limited') return;
    // Searches and checks that are sent as POST write nothing either.
    if (access?.permission?.level === 'read') return;
    try {
      const organisation = await this.organisationOf(request);
      const said = `${code}: ${message}`.replaceAll(request.url.split('?', 1)[0] ?? '', pathOf(request));
      const refusal = withoutCredentials(said, request.headers, request.server.installationSecrets);
      await this.changes.recordRefusal({ ...requestTraceOf(request), organisation }, status, refusal);
    } catch (cause) {
      this.logger.error({ err: cause, requestId: request.id }, 'A refused write could not be recorded');
    }
  }

  /** Whose audit log a refusal belongs to; null when it is the operator's alone. */
  private async organisationOf({ principal, concerns }: ApiRequest): Promise<OrganisationId | null> {
    if (principal?.plane === 'organisation') {
      return principal.organisationId === '' ? null : toOrganisationId(principal.organisationId);
    }
    if (concerns === undefined) return null;
    return (await this.organisations.byId(concerns)) === null ? null : concerns;
  }
}
