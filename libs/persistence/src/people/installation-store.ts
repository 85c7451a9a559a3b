import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model } from 'mongoose';
import { modelNames } from '../models';
import { DuplicateKey, duplicateKeyOf } from '../resources/duplicate-key';

/** What is true of the whole installation: one row for each fact. */
interface InstallationRow {
  readonly _id: string;
  readonly at: Date;
}

export const installationSchema = new Schema<InstallationRow>(
  { _id: { type: String, required: true }, at: { type: Date, required: true } },
  { versionKey: false, strict: 'throw', collection: 'installation' },
);

const setUp = 'setUp';

/** Facts of the installation that no organisation owns. */
@Injectable()
export class InstallationStore {
  constructor(@InjectModel(modelNames.installation) private readonly model: Model<InstallationRow>) {}

  async isSetUp(session: ClientSession | null = null): Promise<boolean> {
    return (await this.model.findById(setUp).session(session).lean().exec()) !== null;
  }

  /** Closes the first run for ever. @throws DuplicateKey when it is closed; of two transactions that do it, one fails */
  async closeSetUp(at: Date, session: ClientSession | null = null): Promise<void> {
    try {
      await this.model.create([{ _id: setUp, at }], session === null ? {} : { session });
    } catch (error) {
      const duplicate = duplicateKeyOf(error);
      throw duplicate === null ? error : new DuplicateKey(duplicate.fields, duplicate.values, { cause: error });
    }
  }
}
