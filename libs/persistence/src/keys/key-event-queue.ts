import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';
import { modelNames } from '../models';
import { rowSchemaOptions } from '../resources/resource-row';

/** Something that an organisation wants to be told over HTTP. */
export interface KeyEventRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  readonly url: string;
  /** The JSON that is sent. */
  readonly body: string;
  readonly due: Date;
  readonly attempts: number;
}

export const keyEventSchema = new Schema<KeyEventRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    url: { type: String, required: true },
    body: { type: String, required: true },
    due: { type: Date, required: true },
    attempts: { type: Number, default: 0 },
  },
  { ...rowSchemaOptions, collection: 'key_events' },
).index({ due: 1 });

/** What still has to be sent: committed with the change that it tells of, so that none is lost. */
@Injectable()
export class KeyEventQueue {
  constructor(@InjectModel(modelNames.keyEvent) private readonly model: Model<KeyEventRow>) {}

  async add(rows: readonly KeyEventRow[], session: ClientSession): Promise<void> {
    if (rows.length > 0) await this.model.insertMany([...rows], { session, lean: true });
  }

  /** Takes what is due, and puts the next attempt off, so that other replicas leave it alone. */
  async takeDue(now: Date, next: Date, limit: number): Promise<KeyEventRow[]> {
    const rows = await this.model
      .find({ due: { $lte: now } })
      .sort({ due: 1 })
      .limit(limit)
      .lean<KeyEventRow[]>()
      .exec();
    const taken = { _id: { $in: rows.map(({ _id }) => _id) }, due: { $lte: now } };
    if (rows.length > 0) await this.model.updateMany(taken, { $set: { due: next }, $inc: { attempts: 1 } }).exec();
    return rows;
  }

  async retry(id: Types.ObjectId, due: Date): Promise<void> {
    await this.model.updateOne({ _id: id }, { $set: { due } }).exec();
  }

  async remove(id: Types.ObjectId): Promise<void> {
    await this.model.deleteOne({ _id: id }).exec();
  }
}
