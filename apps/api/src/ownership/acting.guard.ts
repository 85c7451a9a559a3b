import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { CastellanError, NotFound, ValidationFailed } from '@castellan/dto';
import { EveryOrganisation, noOrganisation, toOrganisationId, type OrganisationId } from '@castellan/persistence';
import type { SuperUser } from '@castellan/rbac';
import { ActingOrganisation } from '../auth/acting-organisation';
import type { ApiRequest } from '../http/request-context';
import { REACH, type Reach } from '../http/reach';
import { KindStores } from '../resources/kind-stores';
import { kindOf } from './kind-routes';
import { resourcesNamed } from './named-resources';

const nowhereBeyond: Reach = { everywhere: false, ofNone: false };

/**
 * Decides which organisation a request is about. Everybody's is their own. Of a super user it is the one that the request names
 * or, where it names none, the one that has what the path names; lists and figures that name none are of all, which nobody
 * but a super user can be let into: for everybody else this changes nothing.
 */
@Injectable()
export class ActingGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly acting: ActingOrganisation,
    private readonly stores: KindStores,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const { principal } = request;
    if (principal?.plane !== 'organisation') return true;
    if (!principal.isSuper) {
      this.acting.requireOwn(principal, request.headers);
      return true;
    }
    request.principal = { ...principal, organisationId: (await this.about(principal, request, context)) ?? '' };
    return true;
  }

  /** Null for all organisations. */
  private async about(
    principal: SuperUser,
    request: ApiRequest,
    context: ExecutionContext,
  ): Promise<OrganisationId | null> {
    const named = await this.acting.named(request.headers);
    if (named !== null) return named;
    const inBody = await this.acting.namedInBody(request.body);
    const { everywhere, ofNone } = this.reflector.get<Reach | undefined>(REACH, context.getHandler()) ?? nowhereBeyond;
    const pattern = request.routeOptions.url ?? '';
    if (isOfOneself(pattern, request)) return inBody ?? noOrganisation;
    const [resource] = resourcesNamed(pattern, request, kindOf(context.getClass()));
    if (resource !== undefined) {
      const { kind, id } = resource;
      const rows = await this.stores.headsNamed(kind, EveryOrganisation.for(principal), id);
      const owners = new Set(rows.map(({ orgId }) => toOrganisationId(orgId)));
      return inBody === null ? this.onlyOf([...owners], ofNone) : whereNamed(inBody, owners);
    }
    if (inBody !== null) return inBody;
    if (everywhere) return null;
    return ofNone ? noOrganisation : this.acting.only();
  }

  /** The one that has what a path names. @throws NotFound, CastellanError 400 */
  private async onlyOf(owners: readonly OrganisationId[], ofNone: boolean): Promise<OrganisationId> {
    const [owner, ...others] = owners;
    if (owner === undefined) return this.onlyOrNowhere();
    if (others.length > 0) return this.acting.only();
    if (owner !== noOrganisation || ofNone) return owner;
    const said = 'The API belongs to no organisation yet; `PUT` it with an `org_id` first';
    throw new CastellanError(400, 'organisation_needed', said);
  }

  /** What was deleted is found only by those who say where it was. */
  private async onlyOrNowhere(): Promise<OrganisationId> {
    try {
      return await this.acting.only();
    } catch (error) {
      if (!(error instanceof CastellanError)) throw error;
      const said = 'No organisation has it; of what was deleted, say in `X-Castellan-Organisation` which one had it';
      throw new NotFound(said);
    }
  }
}

/** What has an organisation stays there, so a body that names another one is about something else. @throws ValidationFailed */
const whereNamed = (named: OrganisationId, owners: ReadonlySet<OrganisationId>): OrganisationId => {
  if (owners.size === 0 || owners.has(named) || owners.has(noOrganisation)) return named;
  throw new ValidationFailed([{ path: 'org_id', message: 'is another organisation: nothing moves between them' }]);
};

/** A super user's own account is in no organisation, and neither are its sessions. */
const isOfOneself = (pattern: string, { params, query }: Pick<ApiRequest, 'params' | 'query'>): boolean =>
  ['/api/users/me', '/api/sessions/current'].includes(pattern) ||
  (pattern.startsWith('/api/users/:id') && fieldOf(params, 'id') === 'me') ||
  (pattern === '/api/sessions' && fieldOf(query, 'user_id') === undefined);

const fieldOf = (holder: unknown, name: string): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
