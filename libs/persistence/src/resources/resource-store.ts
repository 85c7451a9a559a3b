import type { ClientSession, Model, QueryFilter, Types } from 'mongoose';
import { CastellanError } from '@castellan/dto';
import type { Operation } from '../changes/rows';
import type { UnitOfWork } from '../changes/unit-of-work';
import { toObjectId, type OrganisationId } from '../ids';
import { rowsOf, type Span } from '../span';
import { inPieces } from '../in-pieces';
import { pieceOf, type Page, type Piece } from '../paging';
import { DuplicateKey, duplicateKeyOf, LostRace } from './duplicate-key';
import type { KindDefinition } from '../kinds/kind';
import type { Draft, Head, ResourceRow } from './resource-row';

/** What a row has for itself alone. */
export interface Claims {
  readonly claims: readonly string[];
  readonly slug: string | null;
}

/** How a row comes to be. */
interface Insertion {
  /** Above 1 only for a resource that goes on with its history. */
  readonly version?: number;
  readonly operation?: Operation;
}

/** Which rows of a list, in which order. */
export interface PageQuery<Row> extends Piece {
  readonly filter?: QueryFilter<Row>;
}

/** MongoDB takes 16 MiB a document; the rest of a row, and of its revision, has to fit beside the text. */
const documentLimit = 14 * 1024 * 1024;

/** @throws CastellanError (400) for a document that no row can hold */
export const refuseTooLarge = (document: string): void => {
  if (Buffer.byteLength(document) <= documentLimit) return;
  throw new CastellanError(400, 'limit_reached', `A document may take ${documentLimit} bytes of JSON text`);
};

/**
 * Rows of one kind. Reads are lean and of one organisation, lists also of all for super users; writes go through a {@link UnitOfWork}, so
 * that none happens without revision, audit and outbox.
 */
export class ResourceStore<Row extends ResourceRow> {
  constructor(
    protected readonly model: Model<Row>,
    readonly kind: Pick<KindDefinition<Row>, 'name'>,
  ) {}

  async findOne(
    organisation: OrganisationId,
    filter: QueryFilter<Row>,
    session: ClientSession | null = null,
  ): Promise<Row | null> {
    return this.model.findOne(this.within(organisation, filter)).session(session).lean<Row>().exec();
  }

  async findById(
    organisation: OrganisationId,
    id: Types.ObjectId,
    session: ClientSession | null = null,
  ): Promise<Row | null> {
    const filter: QueryFilter<ResourceRow> = { _id: id };
    return this.findOne(organisation, filter, session);
  }

  async findAll(span: Span, filter: QueryFilter<Row> = {}, session: ClientSession | null = null): Promise<Row[]> {
    return this.model.find(this.within(span, filter)).session(session).lean<Row[]>().exec();
  }

  /** The rows with these ids, in the order of the ids; one that does not exist any more is left out. */
  async byIds(span: Span, ids: readonly Types.ObjectId[], session: ClientSession | null = null): Promise<Row[]> {
    const rows = await this.allWithIds(span, ids, session);
    const byId = new Map(rows.map((row) => [row._id.toString(), row]));
    return ids.flatMap((id) => byId.get(id.toString()) ?? []);
  }

  /** The rows with these ids, in any order. */
  async allWithIds(span: Span, ids: readonly Types.ObjectId[], session: ClientSession | null = null): Promise<Row[]> {
    return inPieces(ids, (piece) => this.findAll(span, withIds(piece), session));
  }

  /** The heads of the rows with these ids, in any order. */
  async headsWithIds(
    span: Span,
    ids: readonly Types.ObjectId[],
    session: ClientSession | null = null,
  ): Promise<Head<Row>[]> {
    return inPieces(ids, (piece) => this.heads(span, withIds(piece), session));
  }

  /** Ids and digests alone, for those who know most of the content already. */
  async digests(
    organisation: OrganisationId,
    filter: QueryFilter<Row>,
    session: ClientSession | null = null,
  ): Promise<Pick<ResourceRow, '_id' | 'digest'>[]> {
    return this.model
      .find(this.within(organisation, filter))
      .select({ digest: 1 })
      .session(session)
      .lean<Pick<ResourceRow, '_id' | 'digest'>[]>()
      .exec();
  }

  /** Rows without their documents, for those who have to look at all of them. */
  async heads(span: Span, filter: QueryFilter<Row> = {}, session: ClientSession | null = null): Promise<Head<Row>[]> {
    return this.model
      .find(this.within(span, filter))
      .select({ document: 0 })
      .session(session)
      .lean<Head<Row>[]>()
      .exec();
  }

  /**
   * Which of these values rows of other organisations have in a field: for fields that are unique in the whole
   * installation, and only to refuse a value (promise 6).
   */
  async takenElsewhere(
    organisation: OrganisationId,
    field: keyof Row & string,
    values: readonly unknown[],
    session: ClientSession | null = null,
  ): Promise<ReadonlySet<string>> {
    const elsewhere = { orgId: { $ne: toObjectId(organisation) } };
    const taken = await inPieces(values, (piece) => {
      const filter: QueryFilter<ResourceRow> = { [field]: { $in: piece }, ...elsewhere };
      return this.model
        .find(filter as QueryFilter<Row>)
        .select({ [field]: 1 })
        .session(session)
        .lean<Readonly<Record<string, unknown>>[]>()
        .exec();
    });
    return new Set(
      taken
        .map((row) => row[field])
        .flat()
        .map(String),
    );
  }

  /** Which of these ids exist, as hex. */
  async existing(organisation: OrganisationId, ids: readonly Types.ObjectId[]): Promise<ReadonlySet<string>> {
    const rows = await inPieces(ids, (piece) =>
      this.model
        .find(this.within(organisation, withIds(piece) as QueryFilter<Row>))
        .select({ _id: 1 })
        .lean<Pick<ResourceRow, '_id'>[]>()
        .exec(),
    );
    return new Set(rows.map(({ _id }) => _id.toString()));
  }

  async count(span: Span, filter: QueryFilter<Row> = {}, session: ClientSession | null = null): Promise<number> {
    return this.model.countDocuments(this.within(span, filter)).session(session).exec();
  }

  async page(span: Span, { filter = {}, ...piece }: PageQuery<Row>): Promise<Page<Row>> {
    return pieceOf(this.model, this.within(span, filter), piece, () => this.count(span, filter));
  }

  /** @throws DuplicateKey */
  async insert(
    unit: UnitOfWork,
    draft: Draft<Row>,
    { version = 1, operation = 'create' }: Insertion = {},
  ): Promise<Row> {
    const row = await this.complete(unit, draft, { version, createdAt: unit.at });
    // Not `insertMany`: of a bulk write the driver does not say which index refused it.
    await this.translate(this.model.collection.insertOne({ ...row }, { session: unit.session }));
    await unit.record({
      kind: this.kind.name,
      id: row._id,
      operation,
      version,
      before: null,
      after: row.document,
      digest: row.digest,
      replaced: null,
      written: row,
    });
    return row;
  }

  /**
   * Puts the draft in the place of the current row. Content that is the same writes nothing and keeps the version.
   *
   * @throws DuplicateKey
   */
  async replace(unit: UnitOfWork, current: Row, draft: Draft<Row>, operation: Operation = 'update'): Promise<Row> {
    const { createdAt, version } = current;
    const row = await this.complete(unit, draft, { version: version + 1, createdAt });
    if (row.digest === current.digest) return current;
    await this.overwrite(unit, current, row);
    await unit.record({
      kind: this.kind.name,
      id: row._id,
      operation,
      version: row.version,
      before: current.document,
      after: row.document,
      digest: row.digest,
      replaced: current,
      written: row,
    });
    return row;
  }

  async remove(unit: UnitOfWork, current: Row, operation: Operation = 'delete'): Promise<void> {
    const { deletedCount } = await this.model.deleteOne(this.sameVersion(current)).session(unit.session).exec();
    if (deletedCount !== 1) throw new LostRace();
    await unit.record({
      kind: this.kind.name,
      id: current._id,
      operation,
      version: current.version + 1,
      before: current.document,
      after: null,
      digest: current.digest,
      replaced: current,
      written: null,
    });
  }

  /**
   * Lets go of what some rows claim for themselves alone, so that others of the same change may claim it; the rows get theirs
   * again when they are written. Most kinds claim nothing.
   */
  releaseClaims(
    _organisation: OrganisationId,
    _ids: readonly Types.ObjectId[],
    _session: ClientSession,
  ): Promise<void> {
    return Promise.resolve();
  }

  /** Gives a row again what {@link releaseClaims} took from it. @throws DuplicateKey when another one has it now */
  claimAgain(_organisation: OrganisationId, _id: Types.ObjectId, _claims: Claims): Promise<void> {
    return Promise.resolve();
  }

  private async overwrite(unit: UnitOfWork, current: Row, row: Row): Promise<void> {
    const { matchedCount } = await this.translate(
      this.model.replaceOne(this.sameVersion(current), row).session(unit.session).exec(),
    );
    if (matchedCount !== 1) throw new LostRace();
  }

  private async complete(
    { at, context, documents }: UnitOfWork,
    draft: Draft<Row>,
    state: { version: number; createdAt: Date },
  ): Promise<Row> {
    refuseTooLarge(draft.document);
    const row: ResourceRow = {
      ...draft,
      ...state,
      orgId: toObjectId(context.organisation),
      digest: await documents.digest(draft.document),
      updatedAt: at,
    };
    // A draft is a Row without the five fields set here, which the compiler cannot add up for a type parameter.
    return row as Row;
  }

  /** Rows that are of no organisation are among those of all for kinds of which super users work on such. */
  protected readonly allIncludeNobodys: boolean = false;

  /**
   * The organisation last, so that no filter can name another one, and flat: the embedded database finds an index by the
   * first field of a filter, and none at all inside an `$and`.
   */
  protected within(span: Span, filter: QueryFilter<Row>): QueryFilter<Row> {
    return { ...filter, ...rowsOf(span, this.allIncludeNobodys) };
  }

  private sameVersion({ _id, orgId, version }: Row): QueryFilter<Row> {
    const filter: QueryFilter<ResourceRow> = { _id, orgId, version };
    return filter;
  }

  /** Passes a write on, with its refusal by a unique index as {@link DuplicateKey}. */
  protected async translate<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      const duplicate = duplicateKeyOf(error);
      throw duplicate === null ? error : new DuplicateKey(duplicate.fields, duplicate.values, { cause: error });
    }
  }
}

const withIds = (ids: Types.ObjectId[]): QueryFilter<ResourceRow> => ({ _id: { $in: ids } });
