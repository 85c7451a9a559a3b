import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isAdmin, type GuardedRequest, type UserPrincipal } from '@castellan/rbac';
import {
  EveryOrganisation,
  toOrganisationId,
  type ActContext,
  type Actor,
  type ChangeContext,
  type OrganisationId,
} from '@castellan/persistence';
import { addressOf } from './caller-address';
import { withoutCredentials } from './credentials-in-text';
import { pathOf } from './server';

/** A request as the guard left it. */
export type ApiRequest = FastifyRequest &
  GuardedRequest & {
    /** On the operator’s plane, the organisation that the request concerns, once that is known. */
    concerns?: OrganisationId;
  };

/** Longest reason that is kept. */
const longestReason = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a header. Clients send UTF-8, of which the HTTP server makes a character of each byte. */
const headerText = (value: string | string[] | undefined): string => {
  if (typeof value !== 'string') return '';
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
};

/** What every record of a request has, before it is known whose organisation it concerns. */
type RequestTrace = Omit<ChangeContext, 'organisation' | 'viewer'>;

const actorOf = ({ principal }: ApiRequest): Actor => {
  if (principal?.plane === 'organisation') return { kind: 'user', id: principal.userId, name: principal.email };
  if (principal?.plane === 'operator') return { kind: 'admin', id: '', name: principal.operator };
  return { kind: 'system', id: '', name: '' };
};

export const requestTraceOf = (request: ApiRequest): RequestTrace => ({
  actor: actorOf(request),
  action: request.access?.action ?? '',
  request: {
    id: request.id,
    method: request.method,
    path: withoutCredentials(pathOf(request), request.headers, request.server.installationSecrets),
    ip: addressOf(request),
  },
  // Half a credential would not be recognised any more.
  reason: withoutCredentials(
    headerText(request.headers['x-change-reason']),
    request.headers,
    request.server.installationSecrets,
  ).slice(0, longestReason),
});

/** A request on the organisation plane: the trace, the organisation, and the user with its rights. */
export interface OrganisationContext extends ChangeContext {
  readonly user: UserPrincipal;
}

export const organisationContextOf = (request: ApiRequest): OrganisationContext => {
  const { principal } = request;
  if (principal?.plane !== 'organisation') throw new TypeError('The route is not on the organisation plane');
  const { userId, groupIds, grants } = principal;
  return {
    ...requestTraceOf(request),
    organisation: toOrganisationId(principal.organisationId),
    user: principal,
    ...(isAdmin(grants) ? {} : { viewer: { userId, groupIds } }),
  };
};

/** A request of a super user about all organisations at once, which only reads. */
type EverywhereContext = Omit<OrganisationContext, 'organisation' | 'viewer'> & {
  readonly organisation: EveryOrganisation;
  readonly viewer?: undefined;
};

/** A request that reads what one organisation has or, for a super user who names none, what all have. */
export type SpanContext = OrganisationContext | EverywhereContext;

const spanContextOf = (request: ApiRequest): SpanContext => {
  const { principal } = request;
  if (principal?.plane !== 'organisation' || !principal.isSuper || principal.organisationId !== '') {
    return organisationContextOf(request);
  }
  return { ...requestTraceOf(request), organisation: EveryOrganisation.for(principal), user: principal };
};

/** The context of a request to a route that is `everywhere`. */
export const SpanRequest = createParamDecorator((_: unknown, context: ExecutionContext) =>
  spanContextOf(context.switchToHttp().getRequest<ApiRequest>()),
);

/** The context of a request by an organisation's user. */
export const OrganisationRequest = createParamDecorator((_: unknown, context: ExecutionContext) =>
  organisationContextOf(context.switchToHttp().getRequest<ApiRequest>()),
);

/** A request on the operator’s plane, which says itself whose organisation it concerns. */
export class OperatorContext {
  constructor(private readonly request: ApiRequest) {}

  /** From here on a refusal is recorded for this organisation too. */
  in(organisation: OrganisationId): ChangeContext {
    this.request.concerns = organisation;
    return { ...requestTraceOf(this.request), organisation };
  }

  /** For records of what concerns no organisation. */
  ofNobody(): ActContext {
    return { ...requestTraceOf(this.request), organisation: null };
  }
}

/** The context of a request with the admin secret. */
export const OperatorRequest = createParamDecorator(
  (_: unknown, context: ExecutionContext) => new OperatorContext(context.switchToHttp().getRequest<ApiRequest>()),
);
