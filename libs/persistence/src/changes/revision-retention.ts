import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type Model, type QueryFilter, type Types } from 'mongoose';
import { modelNames } from '../models';
import { rowSchemaOptions } from '../resources/resource-row';
import type { RevisionRow } from './rows';

/** Where in the order of time a sweep over the revisions has come to. */
export interface SweepPosition {
  readonly at: Date;
  readonly id: Types.ObjectId;
}

/** One sweep's position, and under which settings it got there. */
export interface RevisionSweepRow extends SweepPosition {
  /** Name of the sweep. */
  readonly _id: string;
  readonly settings: string;
}

export const revisionSweepSchema = new Schema<RevisionSweepRow>(
  {
    _id: { type: String, required: true },
    at: { type: Date, required: true },
    id: { type: Schema.Types.ObjectId, required: true },
    settings: { type: String, required: true },
  },
  // The position's own id, not Mongoose's alias of `_id`.
  { ...rowSchemaOptions, id: false, collection: 'revision_sweeps' },
);

/** A revision without its content: whose it is and where in the order of time it stands. */
export type RevisionPlace = Pick<RevisionRow, '_id' | 'orgId' | 'kind' | 'resourceId' | 'number' | 'at'>;

/** What a prune leaves. */
export interface RevisionsToKeep {
  /** That many of the newest of each resource. */
  readonly newest: number;
  /** Those from this time on; null when age does not matter. */
  readonly since: Date | null;
}

/** Revisions that are deleted in one step. */
const deleteBatch = 500;

/** Finds and deletes revisions that nobody needs to keep, resource by resource. */
@Injectable()
export class RevisionRetention {
  constructor(
    @InjectModel(modelNames.revision) private readonly revisions: Model<RevisionRow>,
    @InjectModel(modelNames.revisionSweep) private readonly sweeps: Model<RevisionSweepRow>,
  ) {}

  /** How far a sweep has come; null when it has to begin, because it is new or ran under other settings. */
  async position(sweep: string, settings: string): Promise<SweepPosition | null> {
    const row = await this.sweeps.findById(sweep).lean<RevisionSweepRow>().exec();
    return row?.settings === settings ? row : null;
  }

  async savePosition(sweep: string, settings: string, { at, id }: SweepPosition): Promise<void> {
    await this.sweeps.updateOne({ _id: sweep }, { $set: { at, id, settings } }, { upsert: true }).exec();
  }

  /** The next revisions of all organisations in the order of time. @param before only those from before this time */
  async after(position: SweepPosition | null, before: Date, limit: number): Promise<RevisionPlace[]> {
    return this.revisions
      .find(placesAfter(position, before))
      .sort({ at: 1, _id: 1 })
      .limit(limit)
      .select({ orgId: 1, kind: 1, resourceId: 1, number: 1, at: 1 })
      .lean<RevisionPlace[]>()
      .exec();
  }

  /**
   * Deletes the revisions of one resource that need not be kept. The newest that has a document always stays, because
   * it is what a restore brings back.
   *
   * @returns how many
   */
  async prune(
    { orgId, kind, resourceId }: Pick<RevisionPlace, 'orgId' | 'kind' | 'resourceId'>,
    { newest, since }: RevisionsToKeep,
  ): Promise<number> {
    const resource: QueryFilter<RevisionRow> = { orgId, kind, resourceId };
    const last = await this.lastNumber(resource);
    if (last <= newest) return 0;
    const restorable = await this.lastNumber({ ...resource, document: { $ne: null } });
    const surplus: QueryFilter<RevisionRow> = {
      ...resource,
      number: { $lte: last - newest, $ne: restorable },
      ...(since === null ? {} : { at: { $lt: since } }),
    };
    let deleted = 0;
    for (;;) {
      const batch = await this.revisions.find(surplus).select({ _id: 1 }).limit(deleteBatch).lean().exec();
      await this.revisions.deleteMany({ _id: { $in: batch.map(({ _id }) => _id) } }).exec();
      deleted += batch.length;
      if (batch.length < deleteBatch) return deleted;
    }
  }

  private async lastNumber(filter: QueryFilter<RevisionRow>): Promise<number> {
    const row = await this.revisions
      .findOne(filter)
      .sort({ number: -1 })
      .select({ number: 1 })
      .lean<Pick<RevisionRow, 'number'>>()
      .exec();
    return row?.number ?? 0;
  }
}

const placesAfter = (position: SweepPosition | null, before: Date): QueryFilter<RevisionRow> => {
  if (position === null) return { at: { $lt: before } };
  const { at, id } = position;
  return { $or: [{ at: { $gt: at, $lt: before } }, { at, _id: { $gt: id } }] };
};
