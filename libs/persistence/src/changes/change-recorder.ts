import { Inject, Injectable, Optional } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Connection, Model } from 'mongoose';
import { Subject, type Observable } from 'rxjs';
import { Clock } from '@castellan/observability';
import { concernedId, newObjectId, noOrganisation, toObjectId } from '../ids';
import { inTransaction } from '../in-transaction';
import { modelNames } from '../models';
import { rulesOfNone, type OrganisationRow } from '../kinds/organisation.kind';
import type { ActContext, ChangeContext } from './change-context';
import { Generations, type Advance } from './generations';
import { KEPT_TEXT, keptAsItIs, type KeptText } from './kept-text';
import { KeyedQueue } from './keyed-queue';
import { RecordWriter, type Records } from './record-writer';
import type { RecordedDiff } from '@castellan/tyk';
import { DOCUMENT_WORK, type DocumentWork } from './document-work';
import { workAtOnce } from './document-works';
import { auditOf, revisionOf, rightsRevisionOf, toldOf, type Told } from './records';
import type { AuditRow, OutboxRow, RevisionRow } from './rows';
import { UnitOfWork, type Change } from './unit-of-work';

/** What is done inside a unit of work; it may run more than once, when another writer was faster. */
export type Work<T> = (unit: UnitOfWork) => Promise<T>;

/**
 * The only way to change anything that people configure. The resource, its revision, the audit record and what caches and
 * nodes have to know commit together or not at all (promise 2), and a 2xx is answered only after the majority has them on
 * disk (promise 1).
 */
@Injectable()
export class ChangeRecorder {
  private readonly committed = new Subject<void>();
  private readonly queue = new KeyedQueue();

  constructor(
    @InjectConnection() private readonly connection: Connection,
    @InjectModel('organisation') private readonly organisations: Model<OrganisationRow>,
    @InjectModel(modelNames.audit) private readonly audit: Model<AuditRow>,
    private readonly generations: Generations,
    private readonly records: RecordWriter,
    private readonly clock: Clock,
    @Optional() @Inject(DOCUMENT_WORK) private readonly documents: DocumentWork = workAtOnce,
    @Optional() @Inject(KEPT_TEXT) private readonly kept: KeptText = keptAsItIs,
  ) {}

  /** Fires after each commit that nodes have to hear of. */
  get nodeChanges(): Observable<void> {
    return this.committed.asObservable();
  }

  /** Runs the work in one transaction and records what it changed. Work that changes nothing records nothing. */
  async commit<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    const { value, isTold } = await this.transact(context, async (unit) => {
      const value = await work(unit);
      return { value, isTold: await this.write(unit) };
    });
    if (isTold) this.committed.next();
    return value;
  }

  /** The same of what passes from one place to another: each has its record of it, and both have it or neither. */
  async commitPassing<T>(
    contexts: { readonly from: ChangeContext; readonly to: ChangeContext },
    work: (units: { readonly from: UnitOfWork; readonly to: UnitOfWork }) => Promise<T>,
  ): Promise<T> {
    const { value, isTold } = await this.transact(contexts.to, async (to) => {
      const from = this.unitIn(to.session, contexts.from);
      const value = await work({ from, to });
      const isTold = [await this.write(from), await this.write(to)].includes(true);
      return { value, isTold };
    });
    if (isTold) this.committed.next();
    return value;
  }

  /**
   * Commits one part of a change that nodes are to see only as a whole: resources, revisions and audit record are
   * written, and nobody is told. The organisation has to be held still for the nodes ({@link Generations.hold}).
   */
  async commitPart<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    return this.transact(context, async (unit) => {
      const value = await work(unit);
      if (unit.changes.length > 0) {
        await unit.limitByQuotas();
        const reached = await this.generations.count(unit);
        await this.records.write(
          { ...(await recordsOf(unit, reached.generation + 1, this.kept)), outbox: null, chores: unit.left },
          unit.session,
        );
      }
      return value;
    });
  }

  /**
   * Ends a change that was committed in parts: lets the organisation go and tells caches and nodes of everything.
   *
   * @param told what the parts have changed; null when in the end nothing did, so that nobody needs to be told
   */
  async commitEnd(context: ChangeContext, told: Told | null, work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
    await this.transact(context, async (unit) => {
      await work(unit);
      const reached = await this.generations.letGo(unit, { isChange: told !== null, moves: told?.reload === true });
      if (told === null) return;
      const outbox = outboxRow(unit, told, reached);
      await this.records.write({ ...nothingRecorded, outbox, chores: unit.left }, unit.session);
    });
    if (told !== null) this.committed.next();
  }

  /**
   * Runs the work to see what it would change, and takes everything back: what a write would refuse, this refuses.
   *
   * @returns what the work returned, and the changes that a commit would have made
   */
  async dryRun<T>(context: ChangeContext, work: Work<T>): Promise<{ value: T; changes: readonly Change[] }> {
    const seen: { value: T; changes: readonly Change[] }[] = [];
    try {
      await this.transact(context, async (unit) => {
        const value = await work(unit);
        await unit.limitByQuotas();
        if (unit.limits.size > 0) await this.generations.count(unit);
        seen.push({ value, changes: unit.changes });
        throw new TakeBack();
      });
    } catch (error) {
      const last = seen.at(-1);
      if (error instanceof TakeBack && last !== undefined) return last;
      throw error;
    }
    throw new Error('A dry run was committed');
  }

  /** Keeps a record of what changes no configuration and still has to be known afterwards, such as a login. */
  async recordAct(context: ActContext): Promise<void> {
    await this.recordRefusal(context, 200, '');
  }

  /** Keeps a record of a write that was refused; there is nothing that it could commit with. */
  async recordRefusal(context: ActContext, status: number, refusal: string): Promise<void> {
    const record = {
      ...auditOf(context, this.clock.now(), []),
      _id: newObjectId(),
      orgId: context.organisation === null ? null : concernedId(context.organisation),
      status,
      refusal,
    };
    // Written as it stands, like those of changes.
    await this.audit.insertMany([record], { lean: true });
  }

  private async transact<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    await this.records.writesAtOnce();
    return this.queue.run(context.organisation, () => this.transactNow(context, work));
  }

  private async transactNow<T>(context: ChangeContext, work: Work<T>): Promise<T> {
    return inTransaction(this.connection, (session) => work(this.unitIn(session, context)));
  }

  private unitIn(session: ClientSession, context: ChangeContext): UnitOfWork {
    const { organisation } = context;
    const loadRules = (): Promise<OrganisationRow | null> =>
      organisation === noOrganisation
        ? Promise.resolve(rulesOfNone)
        : this.organisations.findById(toObjectId(organisation)).session(session).lean<OrganisationRow>().exec();
    return new UnitOfWork(session, context, this.clock.now(), loadRules, this.documents);
  }

  /**
   * Writes what goes with the changes of a unit, if there are any. The row that all writers of an organisation meet at comes
   * first: what it says stands in the records.
   *
   * @returns whether nodes have to hear of it
   */
  private async write(unit: UnitOfWork): Promise<boolean> {
    const told = toldOf(unit.changes, unit.effects);
    const isTold = told.effects.length > 0;
    if (unit.changes.length === 0 && !isTold) {
      await this.records.write({ ...nothingRecorded, chores: unit.left }, unit.session);
      return false;
    }
    await unit.limitByQuotas();
    const reached = await this.generations.advance(unit, { moves: told.reload });
    const outbox = outboxRow(unit, told, reached);
    const records = await recordsOf(unit, reached.generation, this.kept);
    await this.records.write({ ...records, outbox, chores: unit.left }, unit.session);
    return isTold;
  }
}

const nothingRecorded: Records = { revisions: [], audit: null, outbox: null, chores: [] };

const noDiff: RecordedDiff = { operations: [], text: null, rights: null };

/** The revisions of each change, and the audit record of them all. */
const recordsOf = async (
  { context, changes, at, documents }: UnitOfWork,
  generation: number,
  kept: KeptText,
): Promise<{ readonly revisions: RevisionRow[]; readonly audit: AuditRow }> => {
  const orgId = toObjectId(context.organisation);
  const diffs: RecordedDiff[] = [];
  // One after the other: no more than a few large documents may wait for a thread.
  for (const change of changes) diffs.push(await documents.diff(change));
  const revisions = changes.flatMap((change, index) =>
    [revisionOf, rightsRevisionOf]
      .map((make) => make(context, at, change, diffs[index] ?? noDiff))
      .filter((revision) => revision !== null)
      .map((revision) => ({ _id: newObjectId(), orgId, ...revision, generation })),
  );
  const audit = auditOf(context, at, changes, diffs);
  const diff = audit.diff === null ? null : kept(audit.diff);
  return { revisions, audit: { _id: newObjectId(), orgId: concernedId(context.organisation), ...audit, diff } };
};

const outboxRow = ({ context, at }: UnitOfWork, told: Told, { sequence, generation }: Advance): OutboxRow => ({
  _id: newObjectId(),
  orgId: toObjectId(context.organisation),
  sequence,
  generation,
  ...told,
  createdAt: at,
  publishedAt: told.effects.length === 0 ? at : null,
});

/** Ends a dry run; never seen outside. */
class TakeBack extends Error {}
