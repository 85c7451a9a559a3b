import { NotFound } from '@castellan/dto';
import { isObjectIdText, toOrganisationId, type OrganisationId } from '@castellan/persistence';

export const unknownOrganisation = (): NotFound => new NotFound('Could not retrieve org detail');

/** An id as it stands in a path. @throws NotFound for what is none */
export const organisationIdOf = (id: string): OrganisationId => {
  if (!isObjectIdText(id)) throw unknownOrganisation();
  return toOrganisationId(id);
};
