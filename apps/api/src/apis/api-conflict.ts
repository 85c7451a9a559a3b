import { Conflict, ValidationFailed } from '@castellan/dto';
import {
  isObjectIdText,
  toObjectId,
  type ApiHolder,
  type ApiNeighbour,
  type ApiRow,
  type ApiStore,
  type DuplicateKey,
  type OrganisationId,
} from '@castellan/persistence';
import type { ResourceTransaction } from '../resources/resource-transaction';

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
    return conflict('slug_conflict', 'Another API has this slug', holder, organisation);
  }
  const holder = await apis.byEitherId(organisation, String(values['apiId'] ?? values['_id']));
  return idConflict(holder, organisation);
};

/**
 * Refuses an `api_id` that another API has, or has as its database id: requests may name an API by either, and would reach
 * the other one. The index would do so too, but an API with the same `api_id` collides under
 * more than one, and which of them MongoDB names first is anybody's guess.
 *
 * @throws Conflict
 */
export const refuseTakenId = async (
  { organisation, session }: ResourceTransaction,
  { _id, apiId }: Pick<ApiRow, '_id' | 'apiId'>,
  apis: ApiStore,
): Promise<void> => {
  const holder =
    (await apis.holderOfApiId(apiId, session)) ??
    (isObjectIdText(apiId) ? await apis.findById(organisation, toObjectId(apiId), session) : null);
  if (holder !== null && !holder._id.equals(_id)) throw idConflict(holder, organisation);
};

/**
 * Refuses an API of another organisation as a version, and an `api_id` that another organisation lists as one. Gateways look
 * for a version by its `api_id` alone, so the one organisation's callers would reach the other's API.
 *
 * @throws ValidationFailed, Conflict
 */
export const refuseForeignVersions = async (
  { organisation, session }: ResourceTransaction,
  { apiId, versionIds = [] }: Pick<ApiRow, 'apiId' | 'versionIds'>,
  current: Pick<ApiRow, 'apiId' | 'versionIds'> | null,
  apis: ApiStore,
): Promise<void> => {
  const added = versionIds.filter((id) => current?.versionIds?.includes(id) !== true);
  const [foreign] = await apis.takenElsewhere(organisation, 'apiId', added, session);
  if (foreign !== undefined) throw new ValidationFailed([{ path: versionsPath, message: foreignVersion(foreign) }]);
  const isNew = apiId !== current?.apiId;
  const listed = isNew ? await apis.takenElsewhere(organisation, 'versionIds', [apiId], session) : new Set();
  if (listed.has(apiId)) throw idConflict(null, organisation);
};

/** Where a definition lists its versions. */
export const versionsPath = 'api_definition.definition.versions';

export const foreignVersion = (apiId: string): string => `lists "${apiId}", which is no API of the organisation`;

/**
 * Refuses an API without tags where one with tags has the path, and the other way round: gateways without segments load
 * both. The unique index cannot say this, so it is looked up; writers of one organisation cannot slip past each other,
 * because all of them end their transactions at the same row.
 *
 * @throws Conflict
 */
export const refuseSegmentClash = async (
  { organisation, session }: ResourceTransaction,
  { _id, claims = [], addresses = [] }: Pick<ApiRow, '_id' | 'claims' | 'addresses'>,
  apis: ApiStore,
): Promise<void> => {
  if (addresses.length === 0) return;
  // Without tags an API claims the addresses themselves, and so all of them.
  const inTheWay = (other: ApiNeighbour): boolean =>
    addresses.some((address) => {
      if (!other.addresses.includes(address)) return false;
      return claims.includes(address) || other.claims.includes(address);
    });
  const holder = (await apis.neighbours(addresses, _id, session)).find(inTheWay);
  if (holder !== undefined) throw pathConflict(holder, organisation);
};

const pathConflict = (holder: ApiHolder | null, organisation: OrganisationId): Conflict =>
  conflict('listen_path_conflict', 'Another active API listens on this path and domain', holder, organisation);

const idConflict = (holder: ApiHolder | null, organisation: OrganisationId): Conflict =>
  conflict('api_id_conflict', 'Found API with the same ID', holder, organisation);

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
