import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';
import { newObjectId, toObjectId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import { rowSchemaOptions } from '../resources/resource-row';

/** What has to be done in the nodes' Redis. */
export type Job =
  | 'certificate.put'
  | 'certificate.remove'
  | 'oauth.put'
  | 'oauth.remove'
  | 'oauth.clear'
  | 'policy.activated'
  | 'traces.remove'
  | 'certificate-look.again'
  | 'oauth-look.again';

/** Something that has to be done in the nodes' Redis because of a committed change. */
export interface Chore {
  readonly job: Job;
  /** What it is about, such as an API and a client; a later chore about the same takes its place. */
  readonly about: readonly string[];
  /** What has to be there; empty where the job needs none. */
  readonly text: string;
  /** The digest of the text that Redis had when the change was made; empty where nobody has looked. */
  readonly over?: string;
}

export interface ChoreRow extends Chore {
  /** The kind of what it is about, and what that is. */
  readonly _id: string;
  readonly orgId: Types.ObjectId;
  /** Another one for each chore: whoever has done an earlier one must not take this for done. */
  readonly turn: Types.ObjectId;
  readonly createdAt: Date;
  readonly due: Date;
  readonly tries: number;
  /** Why it is not done yet; empty before the first try. */
  readonly reason: string;
  /** How far one has come that is done in several steps, in its own words; nothing before the first one. */
  readonly progress?: string;
}

export const choreSchema = new Schema<ChoreRow>(
  {
    _id: { type: String, required: true },
    orgId: { type: Schema.Types.ObjectId, required: true },
    job: { type: String, required: true },
    about: { type: [String], required: true },
    text: { type: String, default: '' },
    over: { type: String, default: '' },
    turn: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    due: { type: Date, required: true },
    tries: { type: Number, default: 0 },
    reason: { type: String, default: '' },
    progress: { type: String },
  },
  { ...rowSchemaOptions, collection: 'key_store_chores' },
)
  .index({ due: 1 })
  .index({ orgId: 1, job: 1 });

/** So long whoever made the change does the chore before anybody else looks for it, in milliseconds. */
const grace = 2_000;

/**
 * Jobs of which a replica that was stopped may do an old one after a newer one was done. It puts that right itself, unless it dies just
 * then: so somebody looks again, later than anybody can be at it.
 */
const lookedAtAgain: Readonly<Partial<Record<Job, Job>>> = {
  'certificate.put': 'certificate-look.again',
  'certificate.remove': 'certificate-look.again',
  'oauth.put': 'oauth-look.again',
  'oauth.remove': 'oauth-look.again',
};
const looks: readonly Job[] = ['certificate-look.again', 'oauth-look.again'];
/** How much later, in milliseconds. */
const lookAfter = 60_000;

/** The look that comes after a chore; null where none is needed. */
export const lookAfterwards = ({ job, about }: Chore): Chore | null => {
  const look = lookedAtAgain[job];
  return look === undefined ? null : { job: look, about, text: '' };
};

/** Whether a chore is one for later, and not for whoever has made the change. */
export const isForLater = ({ job }: Pick<Chore, 'job'>): boolean => looks.includes(job);

/** Chores of one thing have one id, whatever is to be done to it. */
const choreId = ({ job, about }: Pick<Chore, 'job' | 'about'>): string => JSON.stringify([job.split('.')[0], ...about]);

/** A chore as it is kept, until it is done. */
export const choreRow = (organisation: OrganisationId, chore: Chore, at: Date): ChoreRow => ({
  ...chore,
  ...{ _id: choreId(chore), orgId: toObjectId(organisation), turn: newObjectId() },
  ...{ createdAt: at, due: new Date(at.getTime() + (isForLater(chore) ? lookAfter : grace)), tries: 0, reason: '' },
});

/**
 * What committed changes leave to be done in the nodes' Redis. It is noted in the transaction of the change and taken away once
 * it is done, so that a process may die in between.
 */
@Injectable()
export class ChoreStore {
  constructor(@InjectModel(modelNames.chore) private readonly model: Model<ChoreRow>) {}

  /** What is still to be done about something; null when nothing is. */
  async about(job: Job, about: readonly string[], session: ClientSession | null = null): Promise<ChoreRow | null> {
    const [row = null] = await this.aboutAny([{ job, about }], session);
    return row;
  }

  /** What is still to be done about any of these. */
  async aboutAny(
    these: readonly Pick<Chore, 'job' | 'about'>[],
    session: ClientSession | null = null,
  ): Promise<ChoreRow[]> {
    return this.model
      .find({ _id: { $in: these.map(choreId) } })
      .session(session)
      .lean<ChoreRow[]>()
      .exec();
  }

  async ofOrganisation(organisation: OrganisationId, job: Job, most: number): Promise<ChoreRow[]> {
    return this.model
      .find({ orgId: toObjectId(organisation), job })
      .sort({ createdAt: 1 })
      .limit(most)
      .lean<ChoreRow[]>()
      .exec();
  }

  /** Takes chores that are due, and puts them off, so that other replicas leave them alone. */
  async takeDue(now: Date, next: Date, most: number): Promise<ChoreRow[]> {
    const rows = await this.model
      .find({ due: { $lte: now } })
      .sort({ due: 1 })
      .limit(most)
      .lean<ChoreRow[]>()
      .exec();
    if (rows.length === 0) return [];
    const taken = { _id: { $in: rows.map(({ _id }) => _id) }, due: { $lte: now } };
    await this.model.updateMany(taken, { $set: { due: next } }).exec();
    return rows;
  }

  /** Whether a chore is to be done yet, and no other one has taken its place. */
  async isCurrent({ _id, turn }: ChoreRow): Promise<boolean> {
    return (await this.model.exists({ _id, turn }).exec()) !== null;
  }

  /** @returns false when another chore has taken its place */
  async done({ _id, turn }: ChoreRow): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ _id, turn }).exec();
    return deletedCount === 1;
  }

  /** @param progress how far it has come; nothing where it is as far as it was */
  async later({ _id, turn }: ChoreRow, due: Date, reason: string, progress?: string): Promise<void> {
    const noted = { due, reason, ...(progress === undefined ? {} : { progress }) };
    await this.model.updateOne({ _id, turn }, { $set: noted, $inc: { tries: 1 } }).exec();
  }

  /** How many changes wait; looks that come later are none. */
  async waiting(): Promise<number> {
    return this.model.countDocuments({ job: { $nin: [...looks] } }).exec();
  }
}
