import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, Types } from 'mongoose';
import { modelNames } from '../models';
import type { OutboxRow } from './rows';

/** An entry as versions wrote it that knew reloads alone. */
interface EarlierRow extends Omit<OutboxRow, 'effects' | 'reload'> {
  readonly effects?: OutboxRow['effects'];
  readonly reload?: boolean;
  readonly commands?: readonly string[];
}

/** What nodes have to hear of. */
@Injectable()
export class Outbox {
  constructor(@InjectModel(modelNames.outbox) private readonly model: Model<OutboxRow>) {}

  /** Entries that nobody has published yet, those of each organisation in the order in which they were committed. */
  async pending(limit: number): Promise<OutboxRow[]> {
    const rows = await this.model
      .find({ publishedAt: null })
      // Within an organisation in the order of its changes; between organisations there is none.
      .sort({ orgId: 1, sequence: 1, _id: 1 })
      .limit(limit)
      .lean<EarlierRow[]>()
      .exec();
    return rows.map(({ commands = [], ...row }) => ({
      ...row,
      effects: row.effects ?? commands.map((command) => ({ command, payload: '' })),
      reload: row.reload ?? true,
    }));
  }

  async markPublished(ids: readonly Types.ObjectId[], at: Date): Promise<void> {
    await this.model.updateMany({ _id: { $in: [...ids] } }, { $set: { publishedAt: at } }).exec();
  }

  /** Creation time of the oldest unpublished entry, or null when there is none. */
  async oldestPending(): Promise<Date | null> {
    const entry = await this.model
      .findOne({ publishedAt: null })
      .sort({ createdAt: 1 })
      .select({ createdAt: 1 })
      .lean<Pick<OutboxRow, 'createdAt'>>()
      .exec();
    return entry?.createdAt ?? null;
  }
}
