import { Injectable } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Connection, Model, Types } from 'mongoose';
import { toOrganisationId } from '../ids';
import { inTransaction } from '../in-transaction';
import { modelNames } from '../models';
import { newChain, orgIdOf, sealOf, type AuditChainRow, type AuditOwner } from './audit-chain';
import { pendingQuery } from './audit-filter';
import type { AuditRow } from './rows';

/** Records that are read with their content at a time: each may be a megabyte. */
const contentBatch = 25;

/** Where a chain begins. */
type Checkpoint = Pick<AuditChainRow, 'prunedTo' | 'prunedSeal' | 'oldestAt'>;

/** What one step of pruning did. */
export interface PruneResult {
  readonly deleted: number;
  /** Place of a record that is not what was sealed there; it is kept, and everything after it, as evidence. */
  readonly brokenAt: number | null;
}

/**
 * Seals and prunes audit records in short transactions. The chain's row is read first and written last in each, so two
 * replicas at work on one owner meet at it and one begins again; if that ever failed, the unique index over owner and
 * sequence number would refuse the second.
 */
@Injectable()
export class AuditLedger {
  constructor(
    @InjectConnection() private readonly connection: Connection,
    @InjectModel(modelNames.audit) private readonly audit: Model<AuditRow>,
    @InjectModel(modelNames.auditChain) private readonly chains: Model<AuditChainRow>,
  ) {}

  /** Owners with unsealed records from before a time. */
  async ownersToSeal(before: Date): Promise<readonly AuditOwner[]> {
    const ids: readonly (Types.ObjectId | null)[] = await this.audit
      .distinct('orgId', { pending: true, at: { $lt: before } })
      .exec();
    return ids.map((id) => (id === null ? 'installation' : toOrganisationId(id)));
  }

  /**
   * Seals the owner's oldest unsealed records from before a time, in the order of time.
   *
   * @returns how many; less than `limit` when none is left
   * @throws a duplicate key error when the chain's row does not match the records, which only tampering brings about
   */
  async seal(owner: AuditOwner, before: Date, limit: number): Promise<number> {
    return this.transact(async (session) => {
      const chain = await this.chainOf(owner, session);
      const waiting = await this.audit
        .find({ ...pendingQuery(owner), at: { $lt: before } })
        .sort({ at: 1, _id: 1 })
        .limit(limit)
        .select({ _id: 1, at: 1 })
        .session(session)
        .lean<Pick<AuditRow, '_id' | 'at'>[]>()
        .exec();
      const [oldest] = waiting;
      if (oldest === undefined) return 0;

      const seal = await this.link(
        chain,
        waiting.map(({ _id }) => _id),
        session,
      );
      await this.save({ ...chain, ...seal, oldestAt: chain.oldestAt ?? oldest.at }, session);
      return waiting.length;
    });
  }

  /** Owners whose first remaining sealed record is from before a time. */
  async ownersToPrune(before: Date): Promise<readonly AuditOwner[]> {
    const rows = await this.chains
      .find({ oldestAt: { $lt: before } })
      .select({ _id: 1 })
      .lean<Pick<AuditChainRow, '_id'>[]>()
      .exec();
    return rows.map(({ _id }) => _id);
  }

  /**
   * Deletes the owner's sealed records from the beginning of the chain up to the first that is not from before a time,
   * and moves the checkpoint there. What is deleted is verified first, so that a break is not swept away.
   */
  async prune(owner: AuditOwner, before: Date, limit: number): Promise<PruneResult> {
    return this.transact(async (session) => {
      const chain = await this.chainOf(owner, session);
      const found = await this.prunable(chain, before, limit, session);
      await this.save({ ...chain, ...found.checkpoint }, session);
      const { deletedCount } = await this.audit
        .deleteMany({ orgId: orgIdOf(owner), sequence: { $gt: chain.prunedTo, $lte: found.checkpoint.prunedTo } })
        .session(session)
        .exec();
      return { deleted: deletedCount, brokenAt: found.brokenAt };
    });
  }

  private async chainOf(owner: AuditOwner, session: ClientSession): Promise<AuditChainRow> {
    const row = await this.chains.findById(owner).session(session).lean<AuditChainRow>().exec();
    return row ?? newChain(owner);
  }

  private async save(chain: AuditChainRow, session: ClientSession): Promise<void> {
    const { _id, ...state } = chain;
    await this.chains.updateOne({ _id }, { $set: state }, { session, upsert: true }).exec();
  }

  /** Numbers and seals the records in the given order, behind the end of the chain. */
  private async link(
    { count, seal }: Pick<AuditChainRow, 'count' | 'seal'>,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<Pick<AuditChainRow, 'count' | 'seal'>> {
    let end = { count, seal };
    for (let start = 0; start < ids.length; start += contentBatch) {
      const rows = await this.inOrder(ids.slice(start, start + contentBatch), session);
      const updates = rows.map((row) => {
        end = { count: end.count + 1, seal: sealOf(end.seal, row) };
        const update = { $set: { sequence: end.count, seal: end.seal }, $unset: { pending: true } };
        return { updateOne: { filter: { _id: row._id, pending: true }, update } };
      });
      await this.audit.collection.bulkWrite(updates, { session });
    }
    return end;
  }

  private async inOrder(ids: readonly Types.ObjectId[], session: ClientSession): Promise<AuditRow[]> {
    const rows = await this.audit
      .find({ _id: { $in: [...ids] } })
      .session(session)
      .lean<AuditRow[]>()
      .exec();
    const byId = new Map(rows.map((row) => [row._id.toString(), row]));
    return ids.flatMap((id) => byId.get(id.toString()) ?? []);
  }

  /** How far the chain can be pruned, and where it would then begin. */
  private async prunable(
    chain: AuditChainRow,
    before: Date,
    limit: number,
    session: ClientSession,
  ): Promise<{ checkpoint: Checkpoint; brokenAt: number | null }> {
    let checkpoint: Checkpoint = { prunedTo: chain.prunedTo, prunedSeal: chain.prunedSeal, oldestAt: null };
    const cursor = this.audit
      .find({ orgId: orgIdOf(chain._id), sequence: { $gt: chain.prunedTo } })
      .sort({ sequence: 1 })
      .session(session)
      .lean<AuditRow>()
      .cursor({ batchSize: contentBatch });
    try {
      for await (const row of cursor) {
        const here = { ...checkpoint, oldestAt: row.at };
        if (row.at >= before || checkpoint.prunedTo - chain.prunedTo === limit) {
          return { checkpoint: here, brokenAt: null };
        }
        const place = checkpoint.prunedTo + 1;
        const seal = sealOf(checkpoint.prunedSeal, row);
        if (row.sequence !== place || row.seal !== seal) return { checkpoint: here, brokenAt: place };
        checkpoint = { prunedTo: place, prunedSeal: seal, oldestAt: null };
      }
    } finally {
      await cursor.close();
    }
    return { checkpoint, brokenAt: null };
  }

  private transact<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return inTransaction(this.connection, work);
  }
}
