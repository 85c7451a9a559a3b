import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Connection, type Model, type Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { inTransaction } from '../in-transaction';
import { modelNames } from '../models';
import { rowSchemaOptions } from '../resources/resource-row';

/** Keys of an organisation that were made one after the other, by their number alone. */
export interface KeyBlockRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  /** 1 is the first of the organisation; later keys are in later blocks. */
  readonly block: number;
  /** How many keys were put into it. */
  readonly made: number;
  /** How many of them are there yet. */
  readonly there: number;
}

export const keyBlockSchema = new Schema<KeyBlockRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    block: { type: Number, required: true },
    made: { type: Number, required: true },
    there: { type: Number, required: true },
  },
  { ...rowSchemaOptions, collection: 'key_blocks' },
).index({ orgId: 1, block: 1 }, { unique: true });

/** A block with so many keys is full; one that fills it at once may make it twice as many. */
const KEYS_OF_A_BLOCK = 500;

/** What a key is of a block for. */
interface Counted {
  readonly orgId: Types.ObjectId;
  readonly deletedAt: Date | null;
  readonly block?: number;
}

/**
 * How many keys there are, and in which block of some hundred the ones of any page lie. Counting a million keys, and skipping most of
 * them, takes a database the longer the more there are; adding up some thousand blocks does not. Whoever makes or ends keys says so
 * here in the same transaction, so that the sums are exact.
 */
@Injectable()
export class KeyBlocks {
  /** The block that was open last, by organisation; whether it is so still is asked with every write. */
  private readonly open = new Map<string, number>();
  protected readonly full: number = KEYS_OF_A_BLOCK;

  constructor(@InjectModel(modelNames.keyBlock) private readonly model: Model<KeyBlockRow>) {}

  /** Blocks that have keys, the newest first. */
  async of(organisation: OrganisationId, session: ClientSession | null = null): Promise<readonly KeyBlockRow[]> {
    return this.model
      .find({ orgId: toObjectId(organisation), there: { $gt: 0 } })
      .sort({ block: -1 })
      .session(session)
      .lean<KeyBlockRow[]>()
      .exec();
  }

  async total(organisation: OrganisationId, session: ClientSession | null = null): Promise<number> {
    return sumOf(await this.of(organisation, session));
  }

  /** Organisations that have keys. */
  async organisations(): Promise<string[]> {
    const ids: Types.ObjectId[] = await this.model.distinct('orgId', { there: { $gt: 0 } }).exec();
    return ids.map((id) => id.toString());
  }

  /** Gives new keys their blocks. @returns the rows with them */
  async enter<Row extends Counted>(rows: readonly Row[], session: ClientSession): Promise<(Row & { block: number })[]> {
    const entered: (Row & { block: number })[] = [];
    for (const of of byOrganisation(rows)) {
      for (let from = 0; from < of.length; from += this.full) {
        const part = of.slice(from, from + this.full);
        const [first] = part;
        if (first === undefined) continue;
        const there = part.filter(({ deletedAt }) => deletedAt === null).length;
        const block = await this.fill(first.orgId, { made: part.length, there }, session);
        entered.push(...part.map((row) => ({ ...row, block })));
      }
    }
    return entered;
  }

  private async fill(orgId: Types.ObjectId, $inc: Pick<KeyBlockRow, 'made' | 'there'>, session: ClientSession) {
    const known = this.open.get(orgId.toString());
    if (known !== undefined) {
      const still = { orgId, block: known, made: { $lt: this.full } };
      const { matchedCount } = await this.model.updateOne(still, { $inc }, { session }).exec();
      if (matchedCount === 1) return known;
    }
    const last = await this.model.findOne({ orgId }).sort({ block: -1 }).session(session).lean<KeyBlockRow>().exec();
    const block = last === null ? 1 : last.made < this.full ? last.block : last.block + 1;
    await this.model.updateOne({ orgId, block }, { $inc }, { session, upsert: true }).exec();
    this.open.set(orgId.toString(), block);
    return block;
  }

  /** Counts keys that have come back or gone. @param steps one for each key: as it was, and as it is */
  async count(
    steps: readonly { readonly was: Counted; readonly is: Pick<Counted, 'deletedAt'> }[],
    session: ClientSession,
  ): Promise<void> {
    const sums = new Map<string, { orgId: Types.ObjectId; block: number; there: number }>();
    for (const { was, is } of steps) {
      const step = Number(is.deletedAt === null) - Number(was.deletedAt === null);
      if (step === 0 || was.block === undefined) continue;
      const id = `${was.orgId.toString()} ${was.block}`;
      const { there } = sums.get(id) ?? { there: 0 };
      sums.set(id, { orgId: was.orgId, block: was.block, there: there + step });
    }
    if (sums.size === 0) return;
    await this.model.bulkWrite(
      [...sums.values()].map(({ orgId, block, there }) => ({
        updateOne: { filter: { orgId, block }, update: { $inc: { there } } },
      })),
      { ordered: false, session },
    );
  }

  /** Counts that an organisation has no key any more. */
  async empty(organisation: OrganisationId, session: ClientSession): Promise<void> {
    await this.model.updateMany({ orgId: toObjectId(organisation) }, { $set: { there: 0 } }, { session }).exec();
  }

  /** Forgets the blocks of an organisation that is no more. */
  async forget(organisation: OrganisationId): Promise<void> {
    await this.model.deleteMany({ orgId: toObjectId(organisation) }).exec();
    this.open.delete(organisation);
  }
}

export const sumOf = (blocks: readonly Pick<KeyBlockRow, 'there'>[]): number =>
  blocks.reduce((sum, { there }) => sum + there, 0);

const byOrganisation = <Row extends Counted>(rows: readonly Row[]): readonly (readonly Row[])[] => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.orgId.toString());
    if (group === undefined) groups.set(row.orgId.toString(), [row]);
    else group.push(row);
  }
  return [...groups.values()];
};

/**
 * Puts keys into blocks that a program has made which knew of none, the oldest first. Each block comes with its keys in one
 * transaction, so that whoever begins again finds the rest.
 */
export const putIntoBlocks = async (connection: Connection, orgId: Types.ObjectId): Promise<void> => {
  const keys = connection.collection<{ orgId: Types.ObjectId; deletedAt: Date | null; block?: number | null }>('keys');
  const blocks = connection.collection<Omit<KeyBlockRow, '_id'>>('key_blocks');
  const outside = keys.find({ orgId, deletedAt: null, block: null }).sort({ _id: 1 });
  const enter = (ids: readonly Types.ObjectId[]): Promise<void> =>
    inTransaction(connection, async (session) => {
      const last = await blocks.findOne({ orgId }, { sort: { block: -1 }, session });
      const block = (last?.block ?? 0) + 1;
      const still = { _id: { $in: [...ids] }, deletedAt: null, block: null };
      const { modifiedCount } = await keys.updateMany(still, { $set: { block } }, { session });
      if (modifiedCount > 0)
        await blocks.insertOne({ orgId, block, made: modifiedCount, there: modifiedCount }, { session });
    });
  let ids: Types.ObjectId[] = [];
  for await (const { _id } of outside.project<{ _id: Types.ObjectId }>({ _id: 1 })) {
    ids.push(_id);
    if (ids.length < KEYS_OF_A_BLOCK) continue;
    await enter(ids);
    ids = [];
  }
  if (ids.length > 0) await enter(ids);
};
