import { Conflict, ValidationFailed } from '@castellan/dto';
import {
  isObjectIdText,
  isTheirs,
  type ApiHolder,
  type ApiRow,
  type ApiStore,
  type DuplicateKey,
  type OrganisationId,
  type Viewer,
} from '@castellan/persistence';
import type { ReadScope } from '../resources/read-scope';
import type { Obstacle, Wanted } from '../resources/wanted';
import { rowIdObstacles } from '../resources/row-ids';
import { requestedApiId } from './api-content';
import { ClaimMap } from './claims';

type WantedApi = Wanted<ApiRow>;

/** Where a definition lists its versions. */
const versionsPath = 'api_definition.definition.versions';

/** What API definitions may not share with others, of the same change and of the installation. */
export class ApiRules {
  constructor(private readonly apis: ApiStore) {}

  async check(
    scope: ReadScope,
    wanted: readonly WantedApi[],
    leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    const rewritten = new Set([...leaving, ...wanted.map(({ draft }) => draft._id.toString())]);
    const told = { organisation: scope.organisation, viewer: await scope.viewer() };
    const around = { scope, told, wanted, rewritten };
    return [
      ...(await rowIdObstacles(this.apis, scope, wanted, 'api_definition.id', () => idConflict(null, told))),
      ...(await this.takenIds(around)),
      ...(await this.foreignVersions(around)),
      ...(await this.takenPlaces(around)),
      ...(await this.takenSlugs(around)),
    ];
  }

  /**
   * An `api_id` that another API has, has as its database id, or lists as a version. Requests may name an API by either id,
   * and gateways look for a version by its `api_id` alone, so the one organisation's callers would reach the other's API.
   */
  private async takenIds({ scope, told, wanted, rewritten }: Around): Promise<readonly Obstacle[]> {
    const { organisation, session } = scope;
    const asking = wanted.map(({ draft, current, content }) =>
      // An id that was made here is nobody's.
      draft.apiId === current?.apiId || requestedApiId(content) === '' ? '' : draft.apiId,
    );
    const asked = asking.filter((id) => id !== '');
    if (asked.length === 0) return [];
    const byApiId = await this.apis.holdersOfApiIds(asked, session);
    const byRowId = await this.apis.holdersOfRowIds(organisation, asked.filter(isObjectIdText), session);
    const listed = await this.apis.takenElsewhere(organisation, 'versionIds', asked, session);
    const stored = [
      ...byApiId.map((row) => [row.apiId, row] as const),
      ...byRowId.map((row) => [row._id.toString(), row] as const),
    ].filter(([, row]) => !rewritten.has(row._id.toString()));
    const holders = new Map(stored);
    return asking.flatMap((id, index): Obstacle[] => {
      // A database id is the same in either case.
      const holder = holders.get(id) ?? holders.get(id.toLowerCase()) ?? null;
      if (id === '' || (holder === null && !listed.has(id))) return [];
      const error = idConflict(holder, told);
      if (holder !== null && mayKnow(told, holder))
        return [{ index, path: 'api_definition.id', brief: `is the id of ${named(holder)}`, error }];
      return [{ index, path: 'api_definition.api_id', brief: 'is the api_id of another API', error }];
    });
  }

  /** An API of another organisation as a version, or one that is not theirs. */
  private async foreignVersions({ scope, told, wanted }: Around): Promise<readonly Obstacle[]> {
    const { organisation, session } = scope;
    const added = wanted.map(({ draft, current }) =>
      (draft.versionIds ?? []).filter((id) => current?.versionIds?.includes(id) !== true),
    );
    const elsewhere = await this.apis.takenElsewhere(organisation, 'apiId', added.flat(), session);
    const holders = told.viewer === null ? [] : await this.apis.holdersOfApiIds(added.flat(), session);
    const hidden = holders.filter((row) => !mayKnow(told, row)).map(({ apiId }) => apiId);
    const foreign = new Set([...elsewhere, ...hidden]);
    return added.flatMap((ids, index) =>
      ids
        .filter((id) => foreign.has(id))
        .map((id): Obstacle => {
          const brief = `lists "${id}", which is no API of the organisation`;
          return {
            index,
            path: versionsPath,
            brief,
            error: new ValidationFailed([{ path: versionsPath, message: brief }]),
          };
        }),
    );
  }

  /**
   * A place that another active API has: the same path for the same tag, or for every gateway. The unique index says no more
   * than that two claims are equal; writers of one organisation cannot slip past each other all the same, because all of
   * them end at one row.
   */
  private async takenPlaces({ scope, told, wanted, rewritten }: Around): Promise<readonly Obstacle[]> {
    const { session } = scope;
    const addresses = new Set(wanted.flatMap(({ draft }) => draft.addresses ?? []));
    const neighbours = await this.apis.neighbours([...addresses], session);
    const holders = new Map<string, ApiHolder>();
    const places = new ClaimMap();
    for (const row of neighbours.filter(({ _id }) => !rewritten.has(_id.toString()))) {
      const id = row._id.toString();
      holders.set(id, row);
      places.add(id, row.claims);
    }
    return wanted.flatMap(({ draft, label }, index): Obstacle[] => {
      const me = `wanted ${index}`;
      const claims = draft.claims ?? [];
      const rival = places.inTheWay(me, claims);
      places.add(me, claims);
      if (rival === null) return [];
      const holder = holders.get(rival) ?? null;
      const isForeign = holder !== null && !mayKnow(told, holder);
      const brief = isForeign
        ? 'is the listen path of another active API on this domain'
        : `is taken on this domain by ${holder === null ? labelOf(wanted, rival, label) : named(holder)}`;
      return [{ index, path: 'api_definition.proxy.listen_path', brief, error: pathConflict(holder, told) }];
    });
  }

  /** A slug that another API of the organisation has, where slugs have to be unique. */
  private async takenSlugs({ scope, told, wanted, rewritten }: Around): Promise<readonly Obstacle[]> {
    // Of one alone the unique index says as much, and asking costs a round trip.
    if (wanted.length < 2) return [];
    const { organisation, session } = scope;
    const slugs = wanted.flatMap(({ draft }) => draft.slugClaim ?? []);
    const holders = await this.apis.holdersOfSlugs(organisation, slugs, session);
    const stored = holders.filter(({ _id }) => !rewritten.has(_id.toString()));
    const taken = new Map<string, ApiHolder | string>(stored.map((row) => [row.slugClaim, row]));
    return wanted.flatMap(({ draft: { slugClaim }, label }, index): Obstacle[] => {
      if (slugClaim === undefined) return [];
      const holder = taken.get(slugClaim);
      taken.set(slugClaim, label);
      if (holder === undefined) return [];
      const row = typeof holder === 'string' ? null : holder;
      const known =
        row !== null && !mayKnow(told, row) ? 'another API' : typeof holder === 'string' ? holder : named(holder);
      const brief = `is taken by ${known}`;
      return [{ index, path: 'api_definition.slug', brief, error: slugConflict(row, told) }];
    });
  }
}

/** Whom a conflict is told. */
interface Told {
  readonly organisation: OrganisationId;
  /** Null for those who see everything that the organisation has. */
  readonly viewer: Viewer | null;
}

/** Of an API of another organisation nothing is told, nor of one that its owners keep to themselves (promise 6). */
const mayKnow = ({ organisation, viewer }: Told, holder: ApiHolder): boolean =>
  holder.orgId.toString() === organisation && (viewer === null || isTheirs(viewer, holder));

interface Around {
  readonly scope: ReadScope;
  readonly told: Told;
  readonly wanted: readonly WantedApi[];
  /** Hex ids of stored rows that are not as they were when this is over. */
  readonly rewritten: ReadonlySet<string>;
}

const named = ({ name, apiId }: ApiHolder): string => `${name} (${apiId})`;

const labelOf = (wanted: readonly WantedApi[], holder: string, otherwise: string): string =>
  wanted[Number(holder.slice('wanted '.length))]?.label ?? otherwise;

/** Says which API is in the way, as far as it may be told. */
export const describeConflict = async (
  { fields, values }: DuplicateKey,
  told: Told,
  apis: ApiStore,
): Promise<Conflict> => {
  const { organisation } = told;
  if (fields.includes('claims')) {
    return pathConflict(await apis.holderOfClaim(String(values['claims'])), told);
  }
  if (fields.includes('slugClaim')) {
    const holder = await apis.findOne(organisation, { slugClaim: String(values['slugClaim']) });
    return slugConflict(holder, told);
  }
  const holder = await apis.byEitherId(organisation, String(values['apiId'] ?? values['_id']));
  return idConflict(holder, told);
};

/** Another active API listens there. */
const pathConflict = (holder: ApiHolder | null, told: Told): Conflict =>
  conflict('listen_path_conflict', 'Another active API listens on this path and domain', holder, told);

const idConflict = (holder: ApiHolder | null, told: Told): Conflict =>
  conflict('id_conflict', 'Found API with the same ID', holder, told);

const slugConflict = (holder: ApiHolder | null, told: Told): Conflict =>
  conflict('slug_conflict', 'Another API has this slug', holder, told);

const conflict = (
  code: 'listen_path_conflict' | 'slug_conflict' | 'id_conflict',
  message: string,
  holder: ApiHolder | null,
  told: Told,
): Conflict => {
  if (holder === null || !mayKnow(told, holder)) return new Conflict(code, message);
  const meta = { id: holder._id.toString(), api_id: holder.apiId, name: holder.name };
  const said = code === 'id_conflict' ? message : `${message}: ${holder.name} (${holder.apiId})`;
  return new Conflict(code, said, { meta });
};
