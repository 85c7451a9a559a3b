import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
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

  /** What happened to an organisation after a generation, in order. */
  async since(
    organisation: OrganisationId,
    generation: number,
  ): Promise<readonly Pick<OutboxRow, 'generation' | 'changes'>[]> {
    return this.model
      .find({ orgId: toObjectId(organisation), generation: { $gt: generation } })
      .select({ generation: 1, changes: 1 })
      .sort({ generation: 1 })
      .lean<Pick<OutboxRow, 'generation' | 'changes'>[]>()
      .exec();
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

  /** How far one organisation has come, and the import that holds it still for the nodes, if there is one. */
  async of(
    organisation: OrganisationId,
    session: ClientSession | null = null,
  ): Promise<{ readonly generation: number; readonly importing: Types.ObjectId | null }> {
    const row = await this.model.findById(toObjectId(organisation)).session(session).lean<GenerationRow>().exec();
    return { generation: row?.generation ?? 0, importing: row?.importing ?? null };
  }

  /**
   * Holds an organisation still for the nodes while an import is under way.
   *
   * @returns false when it has moved on since that generation, or another import holds it
   */
  async hold(
    organisation: OrganisationId,
    generation: number,
    importId: Types.ObjectId,
    session: ClientSession,
  ): Promise<boolean> {
    const _id = toObjectId(organisation);
    const found = await this.model.findById(_id).session(session).lean<GenerationRow>().exec();
    if ((found?.generation ?? 0) !== generation || found?.importing !== undefined) return false;
    await this.model
      .updateOne({ _id }, { $set: { generation, importing: importId } }, { session, upsert: true })
      .exec();
    return true;
  }
}
