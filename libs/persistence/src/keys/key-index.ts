import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import { DuplicateKey, duplicateKeyOf } from '../resources/duplicate-key';
import { inPieces, type PieceLimits } from '../in-pieces';
import { inTransaction } from '../in-transaction';
import { pieceOf, type Page, type Place } from '../paging';
import { KeyBlocks, putIntoBlocks } from './key-blocks';
import { isUnfiltered, queryOf, type KeyFilter } from './key-filter';
import { newestFirst, pageOfAll } from './key-pages';
import type { KeyRow, PendingWrite } from './key-row';
import { areFoundBy, foundByOf } from './key-terms';
import { noteWhatFinds } from './note-what-finds';

/** More keys with one alias than this are not worth being named one by one. */
const MOST_NAMED = 1_000;

/** Hashes that are asked for together: the embedded server holds each row that it finds against all of them, one after the other. */
const ASKED_TOGETHER = { values: 100, characters: 65_536 };
/** Of copies next to none is found, so that more can be asked for together. */
const COPIES_TOGETHER = { values: 1_000, characters: 131_072 };

/** Those that were deleted are few, and not in blocks any more. */
const byId = { _id: -1 } as const;

/** What keys there are. The sessions themselves are in Redis. */
@Injectable()
export class KeyIndex {
  constructor(
    @InjectModel(modelNames.key) private readonly model: Model<KeyRow>,
    private readonly blocks: KeyBlocks,
  ) {}

  /** Keys that are there, the newest first: an order that stays while keys come and go. */
  async page(organisation: OrganisationId, filter: KeyFilter, place: Place, pageSize: number): Promise<Page<KeyRow>> {
    if (isUnfiltered(filter)) return this.pageOfAll(organisation, place, pageSize);
    const query = queryOf(organisation, await this.narrowed(organisation, filter));
    const piece = { sort: filter.deleted === true ? byId : newestFirst, place, pageSize };
    return pieceOf(this.model, query, piece, () => this.model.countDocuments(query).exec());
  }

  private pageOfAll(organisation: OrganisationId, place: Place, pageSize: number): Promise<Page<KeyRow>> {
    const { model, blocks } = this;
    return pageOfAll({ model, blocks }, organisation, { place, pageSize });
  }

  /**
   * A filter by alias or user as one by the rows that have it, since few have: of several conditions, not every server sees that one
   * has an index which leaves next to nothing.
   */
  private async narrowed(organisation: OrganisationId, filter: KeyFilter): Promise<KeyFilter> {
    const { alias, username, ids, ...rest } = filter;
    if (ids !== undefined || (alias === undefined && username === undefined)) return filter;
    const named = alias === undefined ? { username: username ?? '' } : { alias };
    const rows = await this.model
      .find(queryOf(organisation, { ...named, deleted: filter.deleted === true }))
      .select({ _id: 1 })
      .limit(MOST_NAMED + 1)
      .lean<Pick<KeyRow, '_id'>[]>()
      .exec();
    if (rows.length > MOST_NAMED) return filter;
    return {
      ...rest,
      ...(alias !== undefined && username !== undefined ? { username } : {}),
      ids: rows.map(({ _id }) => _id),
    };
  }

  /** Whether more keys than this fit a filter; it counts no further. */
  async hasMoreThan(organisation: OrganisationId, filter: KeyFilter, most: number): Promise<boolean> {
    if (isUnfiltered(filter)) return (await this.blocks.total(organisation)) > most;
    return (await this.countUpTo(organisation, filter, most + 1)) > most;
  }

  /** How many keys fit a filter; it counts no further than that. */
  async countUpTo(organisation: OrganisationId, filter: KeyFilter, most: number): Promise<number> {
    return this.model.countDocuments(queryOf(organisation, filter), { limit: most }).exec();
  }

  async byUsername(organisation: OrganisationId, username: string): Promise<KeyRow | null> {
    return this.model.findOne(queryOf(organisation, { username })).lean<KeyRow>().exec();
  }

  /** The key that any of these hashes leads to. */
  async byHash(
    organisation: OrganisationId,
    hashes: readonly string[],
    session: ClientSession | null = null,
  ): Promise<KeyRow | null> {
    const [row = null] = await this.there(organisation, hashes, session);
    return row;
  }

  /** All keys that these hashes lead to, in the order of their making. */
  async byHashes(organisation: OrganisationId, hashes: readonly string[]): Promise<KeyRow[]> {
    const rows = await this.there(organisation, hashes, null);
    return [...rows].sort((left, right) => (left._id.toString() < right._id.toString() ? 1 : -1));
  }

  /** The row of a hash in whatever organisation, deleted or not: for those who may not give a hash away twice. */
  async holderOf(hash: string, session: ClientSession | null = null): Promise<KeyRow | null> {
    const [row = null] = await this.known([hash], session);
    return row;
  }

  /**
   * The rows of these hashes in whatever organisation, deleted or not. In two questions of one field each, and by nothing else: each
   * has its index, and a server that takes another one, or none for `$or`, would read all keys there are.
   */
  async known(hashes: readonly string[], session: ClientSession | null = null): Promise<KeyRow[]> {
    const by = (field: 'hash' | 'foundBy.copies', together: PieceLimits) => (): Promise<KeyRow[]> =>
      inPieces(
        hashes,
        ($in: string[]) =>
          this.model
            .find({ [field]: { $in } })
            .session(session)
            .lean<KeyRow[]>()
            .exec(),
        together,
      );
    const [keys, copies] = [by('hash', ASKED_TOGETHER), by('foundBy.copies', COPIES_TOGETHER)];
    // A transaction takes one question after the other.
    const found = session === null ? await Promise.all([keys(), copies()]) : [await keys(), await copies()];
    return [...new Map(found.flat().map((row) => [row._id.toString(), row])).values()];
  }

  private async there(
    organisation: OrganisationId,
    hashes: readonly string[],
    session: ClientSession | null,
  ): Promise<KeyRow[]> {
    const rows = await this.known(hashes, session);
    return rows.filter(({ orgId, deletedAt }) => orgId.toString() === organisation && deletedAt === null);
  }

  /** @throws DuplicateKey when the hash of one leads to another key already */
  async insert(rows: readonly KeyRow[], session: ClientSession): Promise<void> {
    if (rows.length === 0) return;
    const entered = await this.blocks.enter(rows, session);
    try {
      // Rows are written as they stand; casting a thousand of them takes longer than writing them does.
      await this.model.collection.insertMany(entered.map(storedRow), { session });
    } catch (error) {
      const taken = duplicateKeyOf(error);
      if (taken === null) throw error;
      throw new DuplicateKey(taken.fields, taken.values, { cause: error });
    }
  }

  /** @returns false when the row has changed since it was read */
  async replace(row: KeyRow, expected: number): Promise<boolean> {
    return inTransaction(this.model.db, async (session) => {
      const was = await this.model.findOne({ _id: row._id, version: expected }).session(session).lean<KeyRow>().exec();
      return was !== null && (await this.replaceAll([{ row, was }], session));
    });
  }

  /** @param changes rows as they are to be and as they were read @returns false when one has changed since; which, this does not say */
  async replaceAll(
    changes: readonly { readonly row: KeyRow; readonly was: KeyRow }[],
    session: ClientSession,
  ): Promise<boolean> {
    if (changes.length === 0) return true;
    const { matchedCount } = await this.model.bulkWrite(
      changes.map(({ row: { _id, ...fields }, was: { version, block } }) => ({
        replaceOne: {
          filter: { _id, version },
          replacement: storedRow(block === undefined ? fields : { ...fields, block }),
        },
      })),
      { ordered: false, session },
    );
    if (matchedCount !== changes.length) return false;
    await this.blocks.count(
      changes.map(({ row, was }) => ({ was, is: row })),
      session,
    );
    return true;
  }

  /** The same in a transaction of its own: all of them or none. */
  async replaceTogether(changes: Parameters<KeyIndex['replaceAll']>[0]): Promise<boolean> {
    try {
      await inTransaction(this.model.db, async (session) => {
        if (!(await this.replaceAll(changes, session))) throw new Outrun();
      });
      return true;
    } catch (error) {
      if (error instanceof Outrun) return false;
      throw error;
    }
  }

  /** Removes what is left of deleted keys, so that their hashes can be used again. */
  async removeDeleted(hashes: readonly string[], session: ClientSession): Promise<void> {
    const rows = await this.model
      .find({ hash: { $in: [...hashes] } })
      .select({ deletedAt: 1 })
      .session(session)
      .lean<Pick<KeyRow, '_id' | 'deletedAt'>[]>()
      .exec();
    const gone = rows.filter(({ deletedAt }) => deletedAt !== null).map(({ _id }) => _id);
    if (gone.length > 0) await this.model.deleteMany({ _id: { $in: gone } }, { session }).exec();
  }

  /** How many keys the organisation has. */
  async count(organisation: OrganisationId, session: ClientSession | null = null): Promise<number> {
    return this.blocks.total(organisation, session);
  }

  /** Deletes every key of an organisation: whoever looks after Redis takes their sessions away. */
  async deleteAll(organisation: OrganisationId, at: Date, session: ClientSession): Promise<void> {
    const gone = { deletedAt: at, updatedAt: at, pending: { wanted: null, due: at, repeats: 0 } };
    await this.model.updateMany(queryOf(organisation, {}), { $set: gone, $inc: { version: 1 } }, { session }).exec();
    await this.blocks.empty(organisation, session);
  }

  /** Everything that is known of keys of an organisation, deleted ones too. */
  async allOf(organisation: OrganisationId): Promise<KeyRow[]> {
    return this.model
      .find({ orgId: toObjectId(organisation) })
      .lean<KeyRow[]>()
      .exec();
  }

  /** Forgets the deleted keys of an organisation that surely stay so. @returns how many are not certain yet */
  async forgetAll(organisation: OrganisationId): Promise<number> {
    const orgId = toObjectId(organisation);
    await this.model.deleteMany({ orgId, deletedAt: { $ne: null }, pending: null }).exec();
    const left = await this.model.countDocuments({ orgId }).exec();
    if (left === 0) await this.blocks.forget(organisation);
    return left;
  }

  /** Keys that were made in one of these moments. */
  async createdAt(organisation: OrganisationId, moments: readonly Date[]): Promise<KeyRow[]> {
    if (moments.length === 0) return [];
    // The moments first: the embedded server goes by the first condition that has an index.
    return this.model
      .find({ createdAt: { $in: [...moments] }, ...queryOf(organisation, {}) })
      .lean<KeyRow[]>()
      .exec();
  }

  /** Forgets a row, whose key goes on under another one. */
  async forget({ _id, version }: Pick<KeyRow, '_id' | 'version'>): Promise<void> {
    await inTransaction(this.model.db, async (session) => {
      const was = await this.model.findOneAndDelete({ _id, version }, { session }).lean<KeyRow>().exec();
      if (was !== null) await this.blocks.count([{ was, is: { deletedAt: was.updatedAt } }], session);
    });
  }

  /** Organisations that have keys, whether they are there themselves or not. */
  async organisations(): Promise<string[]> {
    return this.blocks.organisations();
  }

  /** Some of the keys of an organisation that are there. */
  async some(organisation: OrganisationId, limit: number): Promise<readonly KeyRow[]> {
    return (await this.pageOfAll(organisation, { page: 1 }, limit)).rows;
  }

  /** Lets keys end without a change by anybody: what follows is the keeper's. */
  async endAll(rows: readonly Pick<KeyRow, '_id' | 'version'>[], now: Date): Promise<void> {
    const pending: PendingWrite = { wanted: null, due: now, repeats: 0 };
    const versions = new Map(rows.map(({ _id, version }) => [_id.toString(), version]));
    await inTransaction(this.model.db, async (session) => {
      const read = this.model.find({ _id: { $in: rows.map(({ _id }) => _id) } }).session(session);
      const ending = (await read.lean<KeyRow[]>().exec()).filter(
        ({ _id, version }) => versions.get(_id.toString()) === version,
      );
      const changes = ending.map((was) => ({
        was,
        row: { ...was, deletedAt: was.deletedAt ?? now, pending, version: was.version + 1 },
      }));
      await this.replaceAll(changes, session);
    });
  }

  /** Notes keys that were found in Redis; one that somebody else has noted meanwhile stays as it is. */
  async add(rows: readonly KeyRow[]): Promise<number> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.addThose(rows);
      } catch (error) {
        // Noted in this very moment by somebody else: it is among those that are known now.
        if (!(error instanceof DuplicateKey) || tried === 3) throw error;
      }
    }
  }

  private async addThose(rows: readonly KeyRow[]): Promise<number> {
    if (rows.length === 0) return 0;
    return inTransaction(this.model.db, async (session) => {
      const noted = this.model.find({ hash: { $in: rows.map(({ hash }) => hash) } }).session(session);
      const known = new Set((await noted.lean<KeyRow[]>().exec()).map(({ hash }) => hash));
      const fresh = rows.filter(({ hash }) => !known.has(hash));
      await this.insert(fresh, session);
      return fresh.length;
    });
  }

  /** Takes in keys of an organisation that an earlier program has written, which knew of no blocks and no terms. */
  async adopt(organisation: OrganisationId): Promise<void> {
    const orgId = toObjectId(organisation);
    await putIntoBlocks(this.model.db, orgId);
    await noteWhatFinds(this.model.db, { orgId, deletedAt: null, 'foundBy.terms': null });
  }

  /** Notes what a session says, without a change by anybody here. */
  async refresh(row: KeyRow, facts: Partial<KeyRow>): Promise<void> {
    const { _id, version } = row;
    await this.model.updateOne({ _id, version, pending: null }, { $set: storedFacts(row, facts) }).exec();
  }

  /** Notes when keys were used, without a change by anybody; what was noted later stays. @param uses hashes by the time of their use */
  async noteUses(organisation: OrganisationId, uses: ReadonlyMap<number, readonly string[]>): Promise<void> {
    const orgId = toObjectId(organisation);
    const notes = [...uses].flatMap(([time, hashes]) => {
      const lastUsedAt = new Date(time);
      return (['hash', 'foundBy.copies'] as const).map((by) => ({
        updateMany: {
          filter: { [by]: { $in: [...hashes] }, orgId, lastUsedAt: { $not: { $gte: lastUsedAt } } },
          update: { $set: { lastUsedAt } },
        },
      }));
    });
    if (notes.length > 0) await this.model.bulkWrite(notes, { ordered: false });
  }

  /** Notes of keys that apply a policy whether they are inactive of themselves, before nodes say the same of all of them. */
  async keepInactive(
    organisation: OrganisationId,
    policyIds: readonly string[],
    session: ClientSession,
  ): Promise<void> {
    for (const policyId of policyIds) {
      const inactive = queryOf(organisation, { inactive: true, policyId });
      await this.model.updateMany(inactive, { $set: { keptInactive: true } }, { session }).exec();
    }
  }

  /** Takes rows whose writes have to be looked at, and puts the next look off, so that other replicas leave them alone. */
  async takeDue(now: Date, next: Date, limit: number): Promise<KeyRow[]> {
    const due = { 'pending.due': { $lte: now } };
    const rows = await this.model.find(due).sort({ 'pending.due': 1 }).limit(limit).lean<KeyRow[]>().exec();
    if (rows.length === 0) return [];
    await this.model
      .updateMany({ _id: { $in: rows.map(({ _id }) => _id) }, ...due }, { $set: { 'pending.due': next } })
      .exec();
    return rows;
  }

  /** Notes that these writes hold; a key that has changed meanwhile goes on waiting for its own look. */
  async settleAll(rows: readonly Pick<KeyRow, '_id' | 'version'>[]): Promise<void> {
    const versions = new Map<number, Types.ObjectId[]>();
    for (const { _id, version } of rows) versions.set(version, [...(versions.get(version) ?? []), _id]);
    // Most are of the same version: one command for all of these takes a server a fraction of what one for each does.
    for (const [version, ids] of versions)
      await this.model.updateMany({ _id: { $in: ids }, version }, { $set: { pending: null } }).exec();
  }

  /**
   * @param facts what the session says then, where that is not what it said
   * @returns false when the key has changed meanwhile, which began its own look
   */
  async settle(row: KeyRow, pending: PendingWrite | null, facts: Partial<KeyRow> = {}): Promise<boolean> {
    const { _id, version } = row;
    const said = storedFacts(row, facts);
    const { matchedCount } = await this.model.updateOne({ _id, version }, { $set: { ...said, pending } }).exec();
    return matchedCount === 1;
  }

  /** A row as it is by now. */
  async current(id: Types.ObjectId): Promise<KeyRow | null> {
    return this.model.findById(id).lean<KeyRow>().exec();
  }

  /** How many writes are not certain yet. */
  async unsettled(): Promise<number> {
    return this.model.countDocuments({ 'pending.due': { $exists: true } }).exec();
  }
}

/** A row as it lies in the collection. */
const storedRow = <Row extends Omit<KeyRow, '_id'>>(row: Row): Row => ({ ...row, foundBy: foundByOf(row) });

/** What changes of a row, with what it is found by from then on. */
const storedFacts = (row: KeyRow, facts: Partial<KeyRow>): Partial<KeyRow> =>
  areFoundBy(facts) ? { ...facts, foundBy: foundByOf({ ...row, ...facts }) } : facts;

/** Ends a transaction of which nothing is to happen. */
class Outrun extends Error {}
