import type { ClientSession, QueryFilter, Types } from 'mongoose';
import type {
  Draft,
  Head,
  OrganisationId,
  ResourceKindName,
  ResourceRow,
  ResourceStore,
  RevisionStore,
} from '@castellan/persistence';
import type { FieldError } from '@castellan/dto';
import type { JsonObject } from '@castellan/tyk';
import type { RemovalOptions, ResourceService } from '../../resources/resource.service';
import type { ResourceTransaction } from '../../resources/resource-transaction';
import type { Drafted, Existing, Facts, Identity, SectionName, Taken, TransferKind, Wanted } from './kind';

/** What the kinds have in common: everything but what their documents look like. */
export abstract class StoredKind<Row extends ResourceRow> implements TransferKind {
  readonly name: SectionName;
  readonly idPath: string;

  protected constructor(
    { name, idPath }: Pick<TransferKind, 'name' | 'idPath'>,
    protected readonly service: ResourceService<Row>,
    private readonly revisions: RevisionStore,
  ) {
    this.name = name;
    this.idPath = idPath;
  }

  abstract identityOf(content: JsonObject): Identity;
  abstract withIdentity(content: JsonObject, identity: Identity, organisation: OrganisationId): JsonObject;
  abstract portable(document: JsonObject, organisation: OrganisationId): JsonObject;
  /** From the fields that are lifted out of the document, which a draft has as well as a row. */
  protected abstract factsOf(row: Draft<Row> | Head<Row>): Facts;

  get rowKind(): ResourceKindName {
    return this.store.kind.name;
  }

  protected get store(): ResourceStore<Row> {
    return this.service.store;
  }

  async existing(organisation: OrganisationId, session: ClientSession): Promise<readonly Existing[]> {
    const heads = await this.store.heads(organisation, {}, session);
    return heads.map((head) => ({ ...this.factsOf(head), _id: head._id, digest: head.digest }));
  }

  rows(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[] | null,
    session: ClientSession,
  ): Promise<readonly Row[]> {
    if (ids === null) return this.store.findAll(organisation, {}, session);
    if (ids.length === 0) return Promise.resolve([]);
    const filter: QueryFilter<ResourceRow> = { _id: { $in: [...ids] } };
    return this.store.findAll(organisation, filter, session);
  }

  parse(content: JsonObject): JsonObject {
    return this.service.parse(content);
  }

  async draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    id: Types.ObjectId,
    _stored: JsonObject | null,
  ): Promise<Drafted> {
    const draft = await this.service.draft(transaction, content, id, null);
    return { draft, facts: this.factsOf(draft) };
  }

  async firstVersions(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<ReadonlyMap<string, number>> {
    const last = await this.revisions.lastNumbers(organisation, this.rowKind, ids, session);
    return new Map([...last].map(([id, number]) => [id, number + 1]));
  }

  admit(_total: number): void {
    // Most kinds have no limit.
  }

  usersOf(_organisation: OrganisationId, _deleted: readonly Existing[]): Promise<readonly FieldError[]> {
    return Promise.resolve([]);
  }

  async takenElsewhere(
    organisation: OrganisationId,
    wanted: readonly Wanted[],
    session: ClientSession,
  ): Promise<readonly Taken[]> {
    const added = wanted.filter(({ isNew }) => isNew);
    const ids = added.map(({ _id }) => _id);
    const taken = await this.store.takenElsewhere(organisation, '_id', ids, session);
    return added
      .filter(({ _id }) => taken.has(_id.toString()))
      .map(({ path }) => ({
        path: `${path}.${this.idPath}`,
        message: 'is the id of something else already',
        code: 'id_conflict',
        meta: null,
      }));
  }

  release(_organisation: OrganisationId, _ids: readonly Types.ObjectId[], _session: ClientSession): Promise<void> {
    return Promise.resolve();
  }

  reclaim(
    _organisation: OrganisationId,
    _id: Types.ObjectId,
    _facts: Pick<Facts, 'claims' | 'slug'>,
  ): Promise<boolean> {
    return Promise.resolve(true);
  }

  async put(transaction: ResourceTransaction, draft: Draft<ResourceRow>, version: number): Promise<void> {
    const current = await this.store.findById(transaction.organisation, draft._id, transaction.session);
    await this.service.settle(transaction, current, this.own(draft), version);
  }

  async remove(transaction: ResourceTransaction, id: Types.ObjectId): Promise<void> {
    const current = await this.store.findById(transaction.organisation, id, transaction.session);
    if (current !== null) await this.service.removeIn(transaction, current, this.removal);
  }

  async putBack(transaction: ResourceTransaction, id: Types.ObjectId, before: ResourceRow | null): Promise<void> {
    const { changes, organisation, session } = transaction;
    const current = await this.store.findById(organisation, id, session);
    if (before === null) {
      if (current !== null) await this.store.remove(changes, current);
      return;
    }
    const draft = this.withoutClaims(this.own(before));
    if (current !== null) {
      await this.store.replace(changes, current, draft);
      return;
    }
    const versions = await this.firstVersions(organisation, [id], session);
    await this.store.insert(changes, draft, versions.get(id.toString()));
  }

  claimsOf(row: Head<ResourceRow>): Pick<Facts, 'claims' | 'slug'> {
    return this.factsOf(row as Head<Row>);
  }

  explain(error: unknown, organisation: OrganisationId): Promise<unknown> {
    return this.service.explain(error, organisation);
  }

  protected readonly removal: RemovalOptions = { force: false };

  /** The row without what it claims for itself alone. */
  protected withoutClaims(draft: Draft<Row>): Draft<Row> {
    return draft;
  }

  /** What this kind drafted or stored comes back to it through a plan or the database, which do not carry the type. */
  private own(draft: Draft<ResourceRow>): Draft<Row> {
    return draft as Draft<Row>;
  }
}
