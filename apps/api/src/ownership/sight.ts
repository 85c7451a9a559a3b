import { isTheirs, ownedKinds, type ApiSummary, type Owned, type PolicyRow, type Viewer } from '@castellan/persistence';
import { listAt, objectAt, type JsonValue } from '@castellan/tyk';
import type { ApiListing } from '../apis/listing';

/** What of an organisation's APIs and policies a user sees who is held to what is theirs. Nobody changes what they do not see. */
export class Sight {
  private hidden: ReadonlySet<string> | null = null;

  constructor(
    readonly viewer: Viewer,
    private readonly listing: ApiListing,
  ) {}

  /** `api_id`s of the organisation's APIs that are not seen. */
  get hiddenApiIds(): ReadonlySet<string> {
    const rows = this.listing.inOrder('created_at');
    this.hidden ??= new Set(rows.filter((row) => !this.seesApi(row)).map(({ apiId }) => apiId));
    return this.hidden;
  }

  /** The APIs that are seen. */
  get apis(): readonly ApiSummary[] {
    return this.listing.inOrder('created_at').filter((row) => this.seesApi(row));
  }

  seesApi(api: Partial<Owned>): boolean {
    return isTheirs(this.viewer, api);
  }

  /** A policy is seen with all of its APIs: what it grants would tell of the others, and so would its keys. */
  seesPolicy({ apiIds, ...owners }: Pick<PolicyRow, 'apiIds'> & Partial<Owned>): boolean {
    return isTheirs(this.viewer, owners) && !apiIds.some((id) => this.hiddenApiIds.has(id));
  }

  /** Whether a row of any kind is seen; what grants rights to APIs is seen as policies are. */
  sees({ apiIds = [], ...owners }: Partial<Pick<PolicyRow, 'apiIds'> & Owned>): boolean {
    return this.seesPolicy({ ...owners, apiIds });
  }

  /** Whether a resource is seen of which nothing is left but a document, such as one that was deleted. */
  seesDocument(kind: string, document: JsonValue): boolean {
    if (!ownedKinds().some(({ name }) => name === kind)) return true;
    return this.seesPolicy({ ...ownersIn(document), apiIds: Object.keys(objectAt(document, 'access_rights')) });
  }
}

/** The owners that a document names. */
export const ownersIn = (document: JsonValue): Owned => {
  const ids = (field: string): string[] => listAt(document, field).filter((id) => typeof id === 'string');
  return { userOwners: ids('user_owners'), groupOwners: ids('user_group_owners') };
};
