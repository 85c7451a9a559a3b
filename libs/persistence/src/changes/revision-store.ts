import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { isObjectIdText, toObjectId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import { pieceOf, type Page, type Piece } from '../paging';
import type { RevisionRow } from './rows';

/** A revision without the document, as lists show it. */
export type RevisionSummary = Omit<RevisionRow, 'document' | 'diff'>;

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
    const whole = { ...piece, sort: { number: -1 }, without: ['document', 'diff'] } as const;
    return pieceOf(this.model, filter, whole, () => this.model.countDocuments(filter).exec());
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
    if (resourceIds.length === 0) return new Map();
    const rows = await this.model
      .aggregate<{ readonly _id: Types.ObjectId; readonly number: number }>([
        { $match: { orgId: toObjectId(organisation), kind, resourceId: { $in: [...resourceIds] } } },
        { $group: { _id: '$resourceId', number: { $max: '$number' } } },
      ])
      .session(session)
      .exec();
    return new Map(rows.map(({ _id, number }) => [_id.toString(), number]));
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

interface LatestOptions {
  readonly below?: number;
  readonly existing?: boolean;
  readonly session?: ClientSession | null;
}
