import { Injectable } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { CastellanError, ValidationFailed } from '@castellan/dto';
import { isObjectIdText, OrganisationStore, toOrganisationId, type OrganisationId } from '@castellan/persistence';
import type { UserPrincipal } from '@castellan/rbac';

/** By which a caller says which organisation a request is about. */
const header = 'x-castellan-organisation';

/** Organisations that a refusal names, so that one can be chosen. */
const mostNamed = 20;

/**
 * Which organisation a request says that it is about. Of users it is their own. A super user, who is of none, may name one:
 * in the header, or as `org_id` in the body.
 */
@Injectable()
export class ActingOrganisation {
  constructor(private readonly organisations: OrganisationStore) {}

  /** @throws ValidationFailed for somebody who names another organisation than their own */
  requireOwn({ organisationId }: UserPrincipal, headers: IncomingHttpHeaders): void {
    const named = namedIn(headers[header]);
    if (named !== null && named !== organisationId) throw notTheirs();
  }

  /** The one that the header names; null for none. @throws ValidationFailed for what is no organisation */
  named(headers: IncomingHttpHeaders): Promise<OrganisationId | null> {
    return this.existing(namedIn(headers[header]), header);
  }

  /** As bodies of the original name it: at the top, or in the definition of an API. @throws ValidationFailed */
  namedInBody(body: unknown): Promise<OrganisationId | null> {
    const given = [fieldOf(body, 'org_id'), fieldOf(fieldOf(body, 'api_definition'), 'org_id')].find(
      (value) => value != null && value !== '',
    );
    return this.existing(namedIn(given, 'org_id'), 'org_id');
  }

  /** The only organisation. @throws CastellanError 400 with the choice */
  async only(): Promise<OrganisationId> {
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
        : 'A super user says in `X-Castellan-Organisation` which organisation a request like this is about';
    throw new CastellanError(400, 'organisation_needed', message, { meta: { organisations, total } });
  }

  private async existing(named: OrganisationId | null, path: string): Promise<OrganisationId | null> {
    if (named !== null && (await this.organisations.byId(named)) === null) throw notTheirs(path);
    return named;
  }
}

/** The same for those of others and for those that do not exist. */
const notTheirs = (path = header): ValidationFailed =>
  new ValidationFailed([{ path, message: 'is no organisation of yours' }]);

/** @throws ValidationFailed */
const namedIn = (given: unknown, path = header): OrganisationId | null => {
  if (given === undefined || given === '') return null;
  if (typeof given === 'string' && isObjectIdText(given)) return toOrganisationId(given);
  throw notTheirs(path);
};

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
