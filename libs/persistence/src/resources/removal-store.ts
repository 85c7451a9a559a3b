import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import { rowSchemaOptions } from './resource-row';

/** An organisation that was deleted, and of which something may be left outside of what one transaction reaches. */
export interface RemovalRow {
  /** The organisation. */
  readonly _id: Types.ObjectId;
  readonly at: Date;
  /** Whoever was a user of it, and may have sessions. */
  readonly userIds: readonly string[];
}

export const removalSchema = new Schema<RemovalRow>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    at: { type: Date, required: true },
    userIds: { type: [String], required: true },
  },
  { ...rowSchemaOptions, collection: 'removals' },
);

/** Removals that are not done with. Each is written in the transaction that deletes the organisation. */
@Injectable()
export class RemovalStore {
  constructor(@InjectModel(modelNames.removal) private readonly model: Model<RemovalRow>) {}

  async begin(row: RemovalRow, session: ClientSession): Promise<void> {
    await this.model
      .updateOne({ _id: row._id }, { $set: { at: row.at, userIds: [...row.userIds] } }, { session, upsert: true })
      .exec();
  }

  async underWay(organisation: OrganisationId, session: ClientSession | null = null): Promise<boolean> {
    return (await this.model.findById(toObjectId(organisation)).session(session).lean().exec()) !== null;
  }

  async all(): Promise<RemovalRow[]> {
    return this.model.find().sort({ at: 1 }).lean<RemovalRow[]>().exec();
  }

  async end({ _id }: Pick<RemovalRow, '_id'>): Promise<void> {
    await this.model.deleteOne({ _id }).exec();
  }
}
