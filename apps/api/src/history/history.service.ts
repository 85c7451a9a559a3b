import { Inject, Injectable } from '@nestjs/common';
import type { Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound } from '@castellan/dto';
import {
  kindNamed,
  RevisionStore,
  type OrganisationId,
  type Page,
  type Place,
  type ResourceRow,
  type RevisionRow,
  type RevisionSummary,
} from '@castellan/persistence';
import {
  isJsonObject,
  parseJson,
  type DiffOperation,
  type JsonObject,
  type JsonValue,
  type RightsChange,
} from '@castellan/tyk';
import { pageCount } from '../http/paging';
import type { Sight } from '../ownership/sight';
import type { ResourceService } from '../resources/resource.service';
import { difference } from '../threads/document-checks';
import type { RevisionDiffDto, RevisionDto, RevisionListDto, RevisionSummaryDto } from './revision.dto';

/** The fields of a summary, as a plain object. */
type SummaryView = { readonly [K in keyof RevisionSummaryDto]: RevisionSummaryDto[K] };

type AnyResource = ResourceService<ResourceRow>;

/** What finds the history of a resource by an id of a request. */
export interface Traced {
  readonly store: { readonly kind: { readonly name: string } };
  find(organisation: OrganisationId, id: string, session: null): Promise<Pick<ResourceRow, '_id'> | null>;
  notFound(): NotFound;
}

/** How many deleted resources are looked at. */
const deletedLimit = 1_000;
/** Of how many of them the documents are in memory. */
const namedAtOnce = 10;

/** What became of a resource over time, whether or not it still exists. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly revisions: RevisionStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @throws NotFound when the organisation never had such a resource */
  async list(
    resource: Traced,
    organisation: OrganisationId,
    id: string,
    place: Place,
  ): Promise<{ readonly list: RevisionListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const resourceId = await this.idOf(resource, organisation, id);
    const found = await this.revisions.page(organisation, resource.store.kind.name, resourceId, { place, pageSize });
    if (found.total === 0) throw resource.notFound();
    const list = { revisions: found.rows.map(summaryOf), pages: pageCount(found.total, place, pageSize) };
    return { list, next: found.next };
  }

  /** Who had rights in a resource before and after each change of them. @throws NotFound for one that never was */
  async rights(
    resource: Traced,
    organisation: OrganisationId,
    id: string,
    place: Place,
  ): Promise<Page<RevisionSummary & { readonly rights: RightsChange }> & { readonly pages: number }> {
    const { pageSize } = this.config;
    const resourceId = await this.idOf(resource, organisation, id);
    const { name } = resource.store.kind;
    const found = await this.revisions.rightsPage(organisation, name, resourceId, { place, pageSize });
    return { ...found, pages: pageCount(found.total, place, pageSize) };
  }

  /** @throws NotFound */
  async get(resource: Traced, organisation: OrganisationId, id: string, number: number): Promise<RevisionDto> {
    const resourceId = await this.idOf(resource, organisation, id);
    const revision = await this.require(resource, organisation, resourceId, number);
    return {
      ...summaryOf(revision),
      document: stateOf(revision),
      diff: await this.changeOf(resource, organisation, revision),
    };
  }

  /** What leads from one revision to another. @throws NotFound */
  async diff(
    resource: Traced,
    organisation: OrganisationId,
    id: string,
    number: number,
    against: number,
  ): Promise<RevisionDiffDto> {
    const resourceId = await this.idOf(resource, organisation, id);
    const [revision, other] = await Promise.all([
      this.require(resource, organisation, resourceId, number),
      this.require(resource, organisation, resourceId, against),
    ]);
    return { revision: number, against, diff: await difference(other.document, revision.document) };
  }

  /**
   * Resources that were deleted and are still gone, the latest deletion first, with the names that they had.
   *
   * @param nameOf where the name stands in a document
   * @param sight what the asker sees; null for everything
   */
  async deleted(
    resource: AnyResource,
    organisation: OrganisationId,
    nameOf: (document: JsonObject) => string,
    sight: Sight | null,
  ): Promise<readonly { readonly revision: RevisionSummary; readonly name: string }[]> {
    const { name } = resource.store.kind;
    const deletions = await this.revisions.deletions(organisation, name, deletedLimit);
    const latest = [...new Map(deletions.reverse().map((row) => [row.resourceId.toString(), row])).values()].reverse();
    const alive = await resource.store.existing(
      organisation,
      latest.map(({ resourceId }) => resourceId),
    );
    const gone = latest.filter(({ resourceId }) => !alive.has(resourceId.toString()));
    const named: { revision: RevisionSummary; name: string }[] = [];
    // A few at a time: each may be megabytes, of which only the name is wanted.
    for (let first = 0; first < gone.length; first += namedAtOnce) {
      const some = gone.slice(first, first + namedAtOnce).map(async (revision) => {
        const last = await this.revisions.latest(organisation, name, revision.resourceId, { existing: true });
        const document = last === null ? null : stateOf(last);
        const isSeen = sight?.seesDocument(name, document) !== false;
        return isSeen ? [{ revision, name: isJsonObject(document) ? nameOf(document) : '' }] : [];
      });
      named.push(...(await Promise.all(some)).flat());
    }
    return named;
  }

  private async idOf(resource: Traced, organisation: OrganisationId, id: string): Promise<Types.ObjectId> {
    const row = await resource.find(organisation, id, null);
    if (row !== null) return row._id;
    const gone = await this.revisions.resourceNamed(organisation, resource.store.kind.name, id);
    if (gone === null) throw resource.notFound();
    return gone;
  }

  private async require(
    resource: Traced,
    organisation: OrganisationId,
    resourceId: Types.ObjectId,
    number: number,
  ): Promise<RevisionRow> {
    const revision = await this.revisions.get(organisation, resource.store.kind.name, resourceId, number);
    if (revision === null) throw new NotFound('Revision not found');
    return revision;
  }

  /** The kept diff; one that was too large to keep is made again while the revision before it exists. */
  private async changeOf(
    resource: Traced,
    organisation: OrganisationId,
    revision: RevisionRow,
  ): Promise<DiffOperation[] | null> {
    if (revision.diff !== null) return JSON.parse(revision.diff) as DiffOperation[];
    const { name } = resource.store.kind;
    if (kindNamed(name).history !== 'documents') return null;
    const before = await this.revisions.latest(organisation, name, revision.resourceId, { below: revision.number });
    return before === null ? null : difference(before.document, revision.document);
  }
}

const stateOf = ({ document }: RevisionRow): JsonValue => (document === null ? null : parseJson(document));

export const summaryOf = (
  row: Pick<RevisionRow, 'number' | 'operation' | 'actor' | 'at' | 'reason' | 'requestId' | 'digest'>,
): SummaryView => ({
  revision: row.number,
  operation: row.operation,
  actor: row.actor,
  at: row.at.toISOString(),
  reason: row.reason,
  request_id: row.requestId,
  digest: row.digest,
});
