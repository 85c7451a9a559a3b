import { Conflict } from '@castellan/dto';
import type { ApiHolder, ApiStore, DuplicateKey, OrganisationId } from '@castellan/persistence';

/** Says which API is in the way; of another organisation's API nothing but that there is one (promise 6). */
export const describeConflict = async (
  { fields, values }: DuplicateKey,
  organisation: OrganisationId,
  apis: ApiStore,
): Promise<Conflict> => {
  if (fields.includes('claims')) {
    return pathConflict(await apis.holderOfClaim(String(values['claims'])), organisation);
  }
  if (fields.includes('slugClaim')) {
    const holder = await apis.findOne(organisation, { slugClaim: String(values['slugClaim']) });
    return slugConflict(holder, organisation);
  }
  const holder = await apis.byEitherId(organisation, String(values['apiId'] ?? values['_id']));
  return idConflict(holder, organisation);
};

/** Another active API listens there. */
export const pathConflict = (holder: ApiHolder | null, organisation: OrganisationId): Conflict =>
  conflict('listen_path_conflict', 'Another active API listens on this path and domain', holder, organisation);

export const idConflict = (holder: ApiHolder | null, organisation: OrganisationId): Conflict =>
  conflict('api_id_conflict', 'Found API with the same ID', holder, organisation);

export const slugConflict = (holder: ApiHolder | null, organisation: OrganisationId): Conflict =>
  conflict('slug_conflict', 'Another API has this slug', holder, organisation);

const conflict = (
  code: 'listen_path_conflict' | 'slug_conflict' | 'api_id_conflict',
  message: string,
  holder: ApiHolder | null,
  organisation: OrganisationId,
): Conflict => {
  if (holder?.orgId.toString() !== organisation) return new Conflict(code, message);
  const meta = { id: holder._id.toString(), api_id: holder.apiId, name: holder.name };
  const said = code === 'api_id_conflict' ? message : `${message}: ${holder.name} (${holder.apiId})`;
  return new Conflict(code, said, { meta });
};
