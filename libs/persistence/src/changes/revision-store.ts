import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { objectAt, parseJson, type RightsChange } from '@castellan/tyk';
import { isObjectIdText, toObjectId, type OrganisationId } from '../ids';
import { inPieces } from '../in-pieces';
import { modelNames } from '../models';
import { pieceWithTotal, type Page, type Piece } from '../paging';
import { rightsHistoryOf } from './records';
import type { RevisionRow } from './rows';

/** A revision without the document, as lists show it. */
export type RevisionSummary = Omit<RevisionRow, 'document' | 'diff'>;

/** Where a revision stands: of which resource it is, and to which generation of the organisation it belongs. */
export type RevisionPlaceInTime = Pick<RevisionRow, '_id' | 'resourceId' | 'number' | 'generation'>;

/** The history of resources; only the recorder writes it. */
@Injectable()
export class RevisionStore {
  constructor(@InjectModel(modelNames.revision) private readonly model: Model<RevisionRow>) {}

  /** The newest first. */
  async page(
    organisation: OrganisationId,
    kind: string,
    resourceId: Types.ObjectId,
    piece: Pick<Piece, 'place' | 'pageSize'>,
  ): Promise<Page<RevisionSummary>> {
    const filter = { orgId: toObjectId(organisation), kind, resourceId };
    return pieceWithTotal(this.model, filter, { ...piece, sort: { number: -1 }, without: ['document', 'diff'] });
  }

  /** Who had rights in a resource before and after each change of them, the newest first. */
  async rightsPage(
    organisation: OrganisationId,
    kind: string,
    resourceId: Types.ObjectId,
    piece: Pick<Piece, 'place' | 'pageSize'>,
  ): Promise<Page<RevisionSummary & { readonly rights: RightsChange }>> {
    const filter = { orgId: toObjectId(organisation), kind: rightsHistoryOf(kind), resourceId };
    const page = await pieceWithTotal<RevisionRow>(this.model, filter, { ...piece, sort: { number: -1 } });
    return { ...page, rows: page.rows.map((row) => ({ ...row, rights: rightsOf(row) })) };
  }

  async get(
    organisation: OrganisationId,
    kind: string,
    resourceId: Types.ObjectId,
    number: number,
  ): Promise<RevisionRow | null> {
    return this.model
      .findOne({ orgId: toObjectId(organisation), kind, resourceId, number })
      .lean<RevisionRow>()
      .exec();
  }

  /**
   * Which resource an id means that may be gone: its database id, or the id of its own that it had last.
   *
   * @returns null for an id that nothing ever had
   */
  async resourceNamed(
    organisation: OrganisationId,
    kind: string,
    id: string,
    session: ClientSession | null = null,
  ): Promise<Types.ObjectId | null> {
    const scope = { orgId: toObjectId(organisation), kind };
    const newest = async (filter: object): Promise<Types.ObjectId | null> => {
      const row = await this.model
        .findOne({ ...scope, ...filter })
        .sort({ at: -1, _id: -1 })
        .select({ resourceId: 1 })
        .session(session)
        .lean<Pick<RevisionRow, 'resourceId'>>()
        .exec();
      return row?.resourceId ?? null;
    };
    const byRowId = isObjectIdText(id) ? await newest({ resourceId: toObjectId(id) }) : null;
    return byRowId ?? newest({ key: id });
  }

  /** The newest revision below a number, or of all; with `existing`, only one that left a document. */
  async latest(
    organisation: OrganisationId,
    kind: string,
    resourceId: Types.ObjectId,
    { below = Number.MAX_SAFE_INTEGER, existing = false, session = null }: LatestOptions = {},
  ): Promise<RevisionRow | null> {
    return this.model
      .findOne({
        orgId: toObjectId(organisation),
        kind,
        resourceId,
        number: { $lt: below },
        ...(existing ? { document: { $ne: null } } : {}),
      })
      .sort({ number: -1 })
      .session(session)
      .lean<RevisionRow>()
      .exec();
  }

  /** The number of the last revision of each of these resources, by hex id; nothing for those that never were. */
  async lastNumbers(
    organisation: OrganisationId,
    kind: string,
    resourceIds: readonly Types.ObjectId[],
    session: ClientSession | null = null,
  ): Promise<ReadonlyMap<string, number>> {
    const rows = await inPieces(resourceIds, (piece) =>
      this.model
        .aggregate<{ readonly _id: Types.ObjectId; readonly number: number }>([
          { $match: { orgId: toObjectId(organisation), kind, resourceId: { $in: piece } } },
          { $group: { _id: '$resourceId', number: { $max: '$number' } } },
        ])
        .session(session)
        .exec(),
    );
    return new Map(rows.map(({ _id, number }) => [_id.toString(), number]));
  }

  /** Where all revisions of a kind stand, resource by resource, the oldest of each first. */
  async *places(organisation: OrganisationId, kind: string): AsyncGenerator<RevisionPlaceInTime> {
    const cursor = this.model
      .find({ orgId: toObjectId(organisation), kind })
      .select({ resourceId: 1, number: 1, generation: 1 })
      .sort({ resourceId: 1, number: 1 })
      .lean<RevisionPlaceInTime[]>()
      .cursor();
    for await (const place of cursor) yield place;
  }

  /** The documents of these revisions, by the hex id of the resource; nothing for those of deletions. */
  async documents(organisation: OrganisationId, ids: readonly Types.ObjectId[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.model
      .find({ _id: { $in: [...ids] }, orgId: toObjectId(organisation) })
      .select({ resourceId: 1, document: 1 })
      .lean<Pick<RevisionRow, 'resourceId' | 'document'>[]>()
      .exec();
    const kept = rows.flatMap(({ resourceId, document }) =>
      document === null ? [] : [[resourceId.toString(), document] as const],
    );
    return new Map(kept);
  }

  /** Deletions, the newest first. A resource that was restored since is among them too; callers look. */
  async deletions(organisation: OrganisationId, kind: string, limit: number): Promise<RevisionSummary[]> {
    return this.model
      .find({ orgId: toObjectId(organisation), kind, operation: 'delete' })
      .select({ document: 0, diff: 0 })
      .sort({ at: -1, _id: -1 })
      .limit(limit)
      .lean<RevisionSummary[]>()
      .exec();
  }
}

/** Only the recorder writes such revisions, each with both sides. */
const rightsOf = ({ document }: RevisionRow): RightsChange => {
  const said = document === null ? null : parseJson(document);
  return { before: objectAt(said, 'before'), after: objectAt(said, 'after') };
};

interface LatestOptions {
  readonly below?: number;
  readonly existing?: boolean;
  readonly session?: ClientSession | null;
}
