import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type Model, type Types } from 'mongoose';
import { toObjectId } from '../ids';
import { modelNames } from '../models';
import { rowSchemaOptions } from '../resources/resource-row';

/** An organisation whose session was seen in Redis. */
export interface OrganisationConfirmationRow {
  readonly _id: Types.ObjectId;
  readonly confirmedAt: Date;
}

export const organisationConfirmationSchema = new Schema<OrganisationConfirmationRow>(
  { _id: { type: Schema.Types.ObjectId, required: true }, confirmedAt: { type: Date, required: true } },
  { ...rowSchemaOptions, collection: 'organisation_sessions' },
);

/** Which organisations have had their session in Redis, for when Redis cannot be asked. */
@Injectable()
export class OrganisationConfirmations {
  constructor(
    @InjectModel(modelNames.organisationConfirmation) private readonly model: Model<OrganisationConfirmationRow>,
  ) {}

  /** Those of the organisations that are confirmed. */
  async among(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.model
      .find({ _id: { $in: ids.map(toObjectId) } })
      .select({ _id: 1 })
      .lean<Pick<OrganisationConfirmationRow, '_id'>[]>()
      .exec();
    return new Set(rows.map(({ _id }) => _id.toString()));
  }

  async confirm(id: string, confirmedAt: Date): Promise<void> {
    await this.model.updateOne({ _id: toObjectId(id) }, { $setOnInsert: { confirmedAt } }, { upsert: true }).exec();
  }

  /** The next of them in an order that stays. @param after empty to begin */
  async next(after: string, limit: number): Promise<string[]> {
    const rows = await this.model
      .find(after === '' ? {} : { _id: { $gt: toObjectId(after) } })
      .sort({ _id: 1 })
      .limit(limit)
      .lean<OrganisationConfirmationRow[]>()
      .exec();
    return rows.map(({ _id }) => _id.toString());
  }

  async forget(id: string): Promise<void> {
    await this.model.deleteOne({ _id: toObjectId(id) }).exec();
  }
}
