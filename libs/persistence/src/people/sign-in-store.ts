import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';
import { modelNames } from '../models';

/** What a user proves themselves with beside the password, as it is stored. */
export interface StoredSecondFactor {
  /** Encrypted. */
  readonly secret: string;
  /** False until a first code has shown that the person can make them. */
  readonly confirmed: boolean;
  /** The last 30 seconds step whose code was taken; no earlier or equal one is taken again. */
  readonly lastStep: number;
  /** Hashes of the codes that are left. */
  readonly recoveryCodes: readonly string[];
}

/**
 * What is known of how a user signs in. It is no configuration, so it has no history and no version, and it is kept apart
 * from the user: whoever reads, lists or exports users cannot come upon it.
 */
export interface SignInRow {
  /** The user's id. */
  readonly _id: Types.ObjectId;
  readonly passwordChangedAt?: Date;
  /** Hashes of earlier passwords, the latest first. */
  readonly formerPasswords?: readonly string[];
  /** When the user last came in by a browser. */
  readonly lastLoginAt?: Date;
  readonly secondFactor?: StoredSecondFactor;
}

export const signInSchema = new Schema<SignInRow>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    passwordChangedAt: { type: Date },
    formerPasswords: { type: [String], default: undefined },
    lastLoginAt: { type: Date },
    secondFactor: { type: Schema.Types.Mixed },
  },
  { versionKey: false, minimize: false, strict: 'throw', collection: 'signIns' },
);

type Fields = Partial<Omit<SignInRow, '_id'>>;

/** How users sign in. Rows appear when there is something to say of a user, and go with the user. */
@Injectable()
export class SignInStore {
  constructor(@InjectModel(modelNames.signIn) private readonly model: Model<SignInRow>) {}

  /** What is known; nothing but the id for somebody who never signed in. */
  async of(user: Types.ObjectId, session: ClientSession | null = null): Promise<SignInRow> {
    return (await this.model.findById(user).session(session).lean<SignInRow>().exec()) ?? { _id: user };
  }

  /** When each of these came in, and when their passwords were set; nothing of those who never did either. */
  async ofAll(users: readonly Types.ObjectId[]): Promise<readonly SignInRow[]> {
    const shown = { lastLoginAt: 1, passwordChangedAt: 1 };
    return this.model
      .find({ _id: { $in: users } }, shown)
      .lean<SignInRow[]>()
      .exec();
  }

  async set(user: Types.ObjectId, fields: Fields, session: ClientSession | null = null): Promise<void> {
    await this.model.updateOne({ _id: user }, { $set: fields }, { upsert: true }).session(session).exec();
  }

  async removeSecondFactor(user: Types.ObjectId): Promise<boolean> {
    const filter = { _id: user, secondFactor: { $exists: true } };
    return (await this.model.updateOne(filter, { $unset: { secondFactor: 1 } }).exec()).modifiedCount === 1;
  }

  /** Takes a step of the second factor. @returns false when it, or a later one, was taken before */
  async takeStep(user: Types.ObjectId, secret: string, step: number): Promise<boolean> {
    const unused = { _id: user, 'secondFactor.secret': secret, 'secondFactor.lastStep': { $lt: step } };
    return (await this.model.updateOne(unused, { $set: { 'secondFactor.lastStep': step } }).exec()).modifiedCount === 1;
  }

  /** Takes a recovery code. @returns false when there is none of this hash left */
  async takeRecoveryCode(user: Types.ObjectId, hash: string): Promise<boolean> {
    const unused = { _id: user, 'secondFactor.recoveryCodes': hash };
    const taken = await this.model.updateOne(unused, { $pull: { 'secondFactor.recoveryCodes': hash } }).exec();
    return taken.modifiedCount === 1;
  }
}
