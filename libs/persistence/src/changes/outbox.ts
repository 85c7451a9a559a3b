import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, Types } from 'mongoose';
import { modelNames } from '../models';
import type { GenerationRow, OutboxRow } from './rows';

/** Changes that the nodes have to hear of. */
@Injectable()
export class Outbox {
  constructor(@InjectModel(modelNames.outbox) private readonly model: Model<OutboxRow>) {}

  /** The oldest entries that nobody has published yet. */
  async pending(limit: number): Promise<OutboxRow[]> {
    return this.model.find({ publishedAt: null }).sort({ _id: 1 }).limit(limit).lean<OutboxRow[]>().exec();
  }

  async markPublished(ids: readonly Types.ObjectId[], at: Date): Promise<void> {
    await this.model.updateMany({ _id: { $in: [...ids] } }, { $set: { publishedAt: at } }).exec();
  }

  /** Creation time of the oldest unpublished entry, or null when there is none. */
  async oldestPending(): Promise<Date | null> {
    const [entry] = await this.pending(1);
    return entry?.createdAt ?? null;
  }
}

/** How far each organisation's configuration has come. */
@Injectable()
export class Generations {
  constructor(@InjectModel(modelNames.generation) private readonly model: Model<GenerationRow>) {}

  /** Organisation id to generation, for every organisation that has ever configured something for nodes. */
  async all(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.model.find().lean<GenerationRow[]>().exec();
    return new Map(rows.map(({ _id, generation }) => [_id.toString(), generation]));
  }
}
