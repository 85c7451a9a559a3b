import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import { equalSecrets } from '../auth/secrets';
import type { Session } from './session-store';

/** The header in which a write shows the token of its session. */
export const csrfHeader = 'x-csrf-token';

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

const refused = (why: string): CastellanError => new CastellanError(403, 'csrf_failed', why);

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join() : value);

/** Where our own pages are. */
export const ownOrigin = ({ publicUrl }: Pick<ApiConfig, 'publicUrl'>, request: FastifyRequest): string =>
  publicUrl === '' ? `${request.protocol}://${request.host}` : publicUrl;

/** Whether the browser comes over TLS: the public address says so or, where there is none, the request or a trusted proxy. */
export const isOverTls = (request: FastifyRequest, config: Pick<ApiConfig, 'publicUrl'>): boolean =>
  ownOrigin(config, request).startsWith('https:');

const isOwn = (request: FastifyRequest, config: Pick<ApiConfig, 'publicUrl'>): boolean =>
  one(request.headers.origin) === ownOrigin(config, request);

const site = (request: FastifyRequest): string | undefined => one(request.headers['sec-fetch-site']);

/**
 * A write that a browser proves with its cookie must come from a page of ours: its origin is ours to the letter, the
 * browser does not say otherwise, and it has the token of the session, which other sites cannot read.
 *
 * @throws CastellanError 403
 */
export const requireOwnPage = (
  request: FastifyRequest,
  config: Pick<ApiConfig, 'publicUrl'>,
  { csrf }: Pick<Session, 'csrf'>,
): void => {
  if (readingMethods.has(request.method)) return;
  if (!isOwn(request, config)) throw refused('The request does not come from a page of this address');
  if (!['same-origin', undefined].includes(site(request))) throw refused('The request comes from another site');
  if (!equalSecrets(one(request.headers[csrfHeader]) ?? '', csrf)) {
    throw refused(`The ${csrfHeader} header is missing or is not that of the session`);
  }
};

/**
 * For a request that does not need a session, such as the login: programs say nothing of where they come from, browsers
 * do, and another site must not log somebody in.
 *
 * @throws CastellanError 403
 */
export const refuseOtherSites = (request: FastifyRequest, config: Pick<ApiConfig, 'publicUrl'>): void => {
  const isForeign = request.headers.origin !== undefined && !isOwn(request, config);
  if (isForeign || !['same-origin', 'none', undefined].includes(site(request))) {
    throw refused('The request comes from another site');
  }
};

/** Whether a GET is what somebody does on our pages, not what another site or a look ahead makes the browser do. */
export const isMeant = (request: FastifyRequest, config: Pick<ApiConfig, 'publicUrl'>): boolean => {
  if (request.method !== 'GET' || isPrefetch(request)) return false;
  if (!['same-origin', 'none', undefined].includes(site(request))) return false;
  const { referer } = request.headers;
  // Browsers that do not say the site do say the page.
  return (
    site(request) !== undefined || referer === undefined || `${referer}/`.startsWith(`${ownOrigin(config, request)}/`)
  );
};

/** Whether nobody has asked to see the page yet. */
export const isPrefetch = ({ headers }: FastifyRequest): boolean =>
  [headers['sec-purpose'], headers['purpose'], headers['x-moz']].some((value) =>
    /prefetch|preview/.test(one(value) ?? ''),
  );
