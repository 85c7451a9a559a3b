import { Conflict } from '@castellan/dto';
import type { ApiRow, ApiStore, DuplicateKey, OrganisationId } from '@castellan/persistence';

type Holder = Pick<ApiRow, '_id' | 'orgId' | 'apiId' | 'name'>;

/** Says which API is in the way; of another organisation's API nothing but that there is one (promise 6). */
export const describeConflict = async (
  { fields, values }: DuplicateKey,
  organisation: OrganisationId,
  apis: ApiStore,
): Promise<Conflict> => {
  if (fields.includes('claims')) {
    const holder = await apis.holderOfClaims([String(values['claims'])]);
    return conflict('listen_path_conflict', 'Another active API listens on this path and domain', holder, organisation);
  }
  if (fields.includes('slugClaim')) {
    const holder = await apis.findOne(organisation, { slugClaim: String(values['slugClaim']) });
    return conflict('slug_conflict', 'Another API has this slug', holder, organisation);
  }
  const holder = await apis.byEitherId(organisation, String(values['apiId'] ?? values['_id']));
  return conflict('api_id_conflict', 'Found API with the same ID', holder, organisation);
};

const conflict = (
  code: 'listen_path_conflict' | 'slug_conflict' | 'api_id_conflict',
  message: string,
  holder: Holder | null,
  organisation: OrganisationId,
): Conflict => {
  if (holder?.orgId.toString() !== organisation) return new Conflict(code, message);
  const meta = { id: holder._id.toString(), api_id: holder.apiId, name: holder.name };
  const said = code === 'api_id_conflict' ? message : `${message}: ${holder.name} (${holder.apiId})`;
  return new Conflict(code, said, { meta });
};
