import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { modelNames } from '../models';
import type { KeyScanRow } from './key-row';

const THE_SCAN = 'keys';

/** The one walk over all keys that is under way, or was last. */
@Injectable()
export class KeyScans {
  constructor(@InjectModel(modelNames.keyScan) private readonly model: Model<KeyScanRow>) {}

  async last(): Promise<KeyScanRow | null> {
    return this.model.findById(THE_SCAN).lean<KeyScanRow>().exec();
  }

  async begin(places: KeyScanRow['places'], startedAt: Date): Promise<KeyScanRow> {
    const row: KeyScanRow = {
      ...{ _id: THE_SCAN, places, startedAt, finishedAt: null, seen: 0, added: 0, unreadable: 0 },
      ...{ orphans: 0, orphanHashes: [] },
    };
    await this.model.replaceOne({ _id: THE_SCAN }, row, { upsert: true }).exec();
    return row;
  }

  /** Notes how far it has come; with no place left, that it is over. */
  async advance(row: KeyScanRow): Promise<void> {
    await this.model.replaceOne({ _id: THE_SCAN, startedAt: row.startedAt }, row).exec();
  }
}
