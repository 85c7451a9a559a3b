import { Injectable } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import type { Connection, Model } from 'mongoose';
import { Subject, type Observable } from 'rxjs';
import { Clock } from '@castellan/observability';
import { newObjectId, toObjectId } from '../ids';
import { ImportRunning } from '../imports/import-running';
import type { ChangeContext } from './change-context';
import { ChangeTransaction, type Change } from './change-transaction';
import { modelNames } from '../models';
import { KeyedQueue } from './keyed-queue';
import { auditOf, diffOf, outboxOf, revisionOf } from './records';
import type { AuditRow, GenerationRow, OutboxRow, RevisionRow } from './rows';

/**
 * The only way to change anything that people configure. The resource, its revision, the audit record and the outbox
 * entry commit together or not at all (promise 2), and a 2xx is answered only after the majority has them on disk
 * (promise 1).
 */
@Injectable()
export class ChangeRecorder {
  private readonly committed = new Subject<void>();
  private readonly queue = new KeyedQueue();

  constructor(
    @InjectConnection() private readonly connection: Connection,
    @InjectModel(modelNames.revision) private readonly revisions: Model<RevisionRow>,
    @InjectModel(modelNames.audit) private readonly audit: Model<AuditRow>,
    @InjectModel(modelNames.outbox) private readonly outbox: Model<OutboxRow>,
    @InjectModel(modelNames.generation) private readonly generations: Model<GenerationRow>,
    private readonly clock: Clock,
  ) {}

  /** Fires after each commit that nodes have to hear of. */
  get nodeChanges(): Observable<void> {
    return this.committed.asObservable();
  }

  /**
   * Runs the work in one transaction and records what it changed. Work that changes nothing records nothing. The work
   * may run more than once, when another writer was faster.
   */
  async commit<T>(context: ChangeContext, work: (transaction: ChangeTransaction) => Promise<T>): Promise<T> {
    const { value, concernsNodes } = await this.transact(context, async (transaction) => ({
      value: await work(transaction),
      concernsNodes: await this.write(transaction),
    }));
    if (concernsNodes) this.committed.next();
    return value;
  }

  /**
   * Commits one part of a change that nodes are to see only as a whole: resources, revisions and audit record are
   * written, and nobody is told. The organisation has to be held still for the nodes ({@link Generations.hold}).
   */
  async commitPart<T>(context: ChangeContext, work: (transaction: ChangeTransaction) => Promise<T>): Promise<T> {
    return this.transact(context, async (transaction) => {
      const value = await work(transaction);
      if (transaction.changes.length > 0) await this.writeRecords(transaction);
      return value;
    });
  }

  /**
   * Ends a change that was committed in parts: lets the organisation go and tells the nodes of everything.
   *
   * @param told what the parts have changed; null when in the end nothing did, so that nobody needs to be told
   */
  async commitEnd(
    context: ChangeContext,
    told: Pick<OutboxRow, 'changes' | 'commands'> | null,
    work: (transaction: ChangeTransaction) => Promise<void>,
  ): Promise<void> {
    await this.transact(context, async (transaction) => {
      await work(transaction);
      const { session, at } = transaction;
      const generation = await this.letGo(transaction, told === null ? 0 : 1);
      if (told === null) return;
      const entry = { ...told, publishedAt: null, createdAt: at, generation };
      await this.outbox.insertMany([{ ...entry, _id: newObjectId(), orgId: toObjectId(context.organisation) }], {
        session,
        lean: true,
      });
    });
    if (told !== null) this.committed.next();
  }

  /**
   * Runs the work to see what it would change, and takes everything back: what a write would refuse, this refuses.
   *
   * @returns what the work returned, and the changes that a commit would have made
   */
  async rehearse<T>(
    context: ChangeContext,
    work: (transaction: ChangeTransaction) => Promise<T>,
  ): Promise<{ value: T; changes: readonly Change[] }> {
    const rehearsed: { value: T; changes: readonly Change[] }[] = [];
    try {
      await this.transact(context, async (transaction) => {
        rehearsed.push({ value: await work(transaction), changes: transaction.changes });
        throw new TakeBack();
      });
    } catch (error) {
      const last = rehearsed.at(-1);
      if (error instanceof TakeBack && last !== undefined) return last;
      throw error;
    }
    throw new Error('A rehearsal was committed');
  }

  private transact<T>(context: ChangeContext, work: (transaction: ChangeTransaction) => Promise<T>): Promise<T> {
    return this.queue.run(context.organisation, () => this.transactNow(context, work));
  }

  private async transactNow<T>(
    context: ChangeContext,
    work: (transaction: ChangeTransaction) => Promise<T>,
  ): Promise<T> {
    const session = await this.connection.startSession();
    try {
      return await session.withTransaction(() => work(new ChangeTransaction(session, context, this.clock.now())), {
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority', journal: true },
      });
    } finally {
      await session.endSession();
    }
  }

  /** Keeps a record of a write that was refused; there is nothing that it could commit with. */
  async recordRefusal(
    context: Omit<ChangeContext, 'organisation'> & { readonly organisation: string | null },
    status: number,
    refusal: string,
  ): Promise<void> {
    await this.audit.insertMany([
      {
        ...auditOf(context, this.clock.now(), []),
        _id: newObjectId(),
        orgId: context.organisation === null ? null : toObjectId(context.organisation),
        status,
        refusal,
      },
    ]);
  }

  private async write(transaction: ChangeTransaction): Promise<boolean> {
    const { session, context, changes, at } = transaction;
    if (changes.length === 0) return false;
    const orgId = toObjectId(context.organisation);
    await this.writeRecords(transaction);
    const entry = outboxOf(changes);
    if (entry === null) return false;
    const generation = await this.nextGeneration(transaction);
    await this.outbox.insertMany([{ ...entry, _id: newObjectId(), orgId, generation, createdAt: at }], {
      session,
      lean: true,
    });
    return true;
  }

  /** The revision of each change, and the audit record of them all. */
  private async writeRecords({ session, context, changes, at }: ChangeTransaction): Promise<void> {
    const orgId = toObjectId(context.organisation);
    const diffs = changes.map(diffOf);
    const revisions = changes.map((change, index) => ({
      ...revisionOf(context, at, change, diffs[index] ?? []),
      _id: newObjectId(),
      orgId,
    }));
    await this.revisions.insertMany(revisions, { session, lean: true });
    const audit = { ...auditOf(context, at, changes, diffs), _id: newObjectId(), orgId };
    await this.audit.insertMany([audit], { session, lean: true });
  }

  /** Last in the transaction, because it is the row that all writers of an organisation meet at. */
  private async nextGeneration({ session, context }: ChangeTransaction): Promise<number> {
    const row = await this.generations
      .findOneAndUpdate(
        { _id: toObjectId(context.organisation) },
        { $inc: { generation: 1 } },
        { session, upsert: true, returnDocument: 'after' },
      )
      .lean()
      .exec();
    if (row.importing !== undefined) {
      throw new ImportRunning('A large import is being applied; try again when it is over');
    }
    return row.generation;
  }

  private async letGo({ session, context }: ChangeTransaction, step: 0 | 1): Promise<number> {
    const row = await this.generations
      .findOneAndUpdate(
        { _id: toObjectId(context.organisation) },
        { $inc: { generation: step }, $unset: { importing: 1 } },
        { session, upsert: true, returnDocument: 'after' },
      )
      .lean()
      .exec();
    return row.generation;
  }
}

/** Ends a rehearsal; never seen outside. */
class TakeBack extends Error {}
