import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { CastellanError } from '@castellan/dto';
import { newObjectId, RevisionStore } from '@castellan/persistence';
import { parseJson } from '@castellan/tyk';
import { organisationContextOf, type ApiRequest, type OrganisationContext } from '../http/request-context';
import { KindStores } from '../resources/kind-stores';
import { kindOf } from './kind-routes';
import { namedResources, overWholeOrganisation, type NamedResource } from './named-resources';
import type { Sight } from './sight';
import { Sights } from './sights';

/**
 * Keeps users from APIs, policies and whatever else has owners that is not theirs, on every route that names one, whatever the route does. What they
 * do not see is named by an id that nobody has, so that each route answers exactly what it answers for one that does not
 * exist (promise 6).
 */
@Injectable()
export class OwnershipGuard implements CanActivate {
  constructor(
    private readonly sights: Sights,
    private readonly stores: KindStores,
    private readonly revisions: RevisionStore,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    if (request.principal?.plane !== 'organisation') return true;
    const pattern = request.routeOptions.url ?? '';
    const isWhole = overWholeOrganisation(pattern);
    const named = namedResources(pattern, request, kindOf(context.getClass()));
    if (!isWhole && named.length === 0) return true;
    const caller = organisationContextOf(request);
    const sight = await this.sights.of(caller);
    if (sight === null) return true;
    if (isWhole) {
      const said = 'Owners restrict who sees what, so only administrators may do this';
      throw new CastellanError(403, 'forbidden', said);
    }
    for (const one of named) {
      if (!(await this.sees(caller, sight, one))) one.rename(newObjectId().toString());
    }
    return true;
  }

  /** What does not exist need not be hidden; what was deleted is seen by those who saw it last. */
  private async sees(
    { organisation }: OrganisationContext,
    sight: Sight,
    { kind, id }: NamedResource,
  ): Promise<boolean> {
    const rows = await this.stores.headsNamed(kind, organisation, id);
    if (rows.length > 0) return rows.every((row) => sight.sees(row));
    const gone = await this.revisions.resourceNamed(organisation, kind, id);
    if (gone === null) return true;
    const last = await this.revisions.latest(organisation, kind, gone, { existing: true });
    return last?.document == null || sight.seesDocument(kind, parseJson(last.document));
  }
}
