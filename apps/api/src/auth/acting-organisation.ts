import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CastellanError, ValidationFailed } from '@castellan/dto';
import { isObjectIdText, OrganisationStore, toOrganisationId, type OrganisationId } from '@castellan/persistence';
import type { GuardedRequest, UserPrincipal } from '@castellan/rbac';

/** By which a caller says which organisation a request is about. */
const header = 'x-castellan-organisation';

/** Organisations that a refusal names, so that one can be chosen. */
const mostNamed = 20;

/**
 * Which organisation a request is about. Of users it is their own. A super user, who is of none, names one for each request:
 * in the header, or as `org_id` in the body, or not at all where there is only one. So every query stays within one organisation
 * (promise 6), and so does every record of what was done there.
 */
@Injectable()
export class ActingOrganisation {
  constructor(private readonly organisations: OrganisationStore) {}

  /**
   * To be asked once the body is there.
   *
   * @throws ValidationFailed for what is no organisation, or none of the caller's; CastellanError 400 when it cannot be told which
   * one is meant
   */
  async settle(request: FastifyRequest & GuardedRequest): Promise<void> {
    const { principal } = request;
    if (principal?.plane !== 'organisation') return;
    const named = namedIn(request.headers[header]);
    if (!principal.isSuper) {
      if (named !== null && named !== principal.organisationId) throw notTheirs();
      return;
    }
    const meant = named ?? namedInBody(request.body);
    request.principal = await this.in(principal, meant);
  }

  private async in(principal: UserPrincipal, meant: OrganisationId | null): Promise<UserPrincipal> {
    if (meant === null) return { ...principal, organisationId: await this.only() };
    if ((await this.organisations.byId(meant)) === null) throw notTheirs();
    return { ...principal, organisationId: meant };
  }

  private async only(): Promise<OrganisationId> {
    const place = { page: 1 } as const;
    const { rows, total } = await this.organisations.pageOfAll({
      ...{ sort: { name: 1, _id: 1 }, place, pageSize: mostNamed },
    });
    const [only] = rows;
    if (only !== undefined && total === 1) return toOrganisationId(only._id);
    const organisations = rows.map(({ _id, name }) => ({ org_id: _id.toString(), owner_name: name }));
    const message =
      total === 0
        ? 'There is no organisation yet'
        : 'A super user says in `X-Castellan-Organisation` which organisation a request is about';
    throw new CastellanError(400, 'organisation_needed', message, { meta: { organisations, total } });
  }
}

/** The same for those of others and for those that do not exist. */
const notTheirs = (): ValidationFailed =>
  new ValidationFailed([{ path: header, message: 'is no organisation of yours' }]);

/** @throws ValidationFailed */
const namedIn = (given: unknown): OrganisationId | null => {
  if (given === undefined || given === '') return null;
  if (typeof given === 'string' && isObjectIdText(given)) return toOrganisationId(given);
  throw notTheirs();
};

/** As bodies of the original name it: at the top, or in the definition of an API. */
const namedInBody = (body: unknown): OrganisationId | null => {
  const given = fieldOf(body, 'org_id') ?? fieldOf(fieldOf(body, 'api_definition'), 'org_id');
  return typeof given === 'string' && isObjectIdText(given) ? toOrganisationId(given) : null;
};

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
