import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  ChangeRecorder,
  DuplicateKey,
  ImportStore,
  newObjectId,
  toObjectId,
  toOrganisationId,
  type Change,
  type ChangeContext,
  type Effect,
  type ImportJournalRow,
  type ImportProgress,
  type Head,
  type ImportRow,
  type ResourceRow,
  type UnitOfWork,
} from '@castellan/persistence';
import type { Types } from 'mongoose';
import { makeStep, release, unknownRefusal, type Step } from './import-steps';
import { TransferKinds } from './transfer-kinds';

/** Changes that are taken back in one transaction. */
const undoneAtOnce = 50;

/** Another replica has taken the import over; it goes on there. */
export class TakenOver extends Error {}

/**
 * The batches of a large import. Each is one transaction that holds what it changes, how to take that back, and the note
 * that it is made, so that it is made once, whatever happens to whoever makes it.
 */
@Injectable()
export class ImportBatches {
  constructor(
    private readonly imports: ImportStore,
    private readonly changes: ChangeRecorder,
    private readonly clock: Clock,
    private readonly kinds: TransferKinds,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes the next batch, or takes back the last one, or ends the import. @throws TakenOver, StepRefused */
  async advance(row: ImportRow, leaseUntil: Date): Promise<void> {
    if (row.state === 'undoing') return row.journaled > 0 ? this.undoBatch(row, leaseUntil) : this.endUndone(row);
    const from = row.released ?? null;
    if (from !== null) return this.releaseBatch(row, from, leaseUntil);
    const end = row.ends.find((one) => one > row.made);
    return end === undefined ? this.endApplied(row) : this.applyBatch(row, end, leaseUntil);
  }

  /** Lets go of what some of the steps are about to move, before the first of them is made. */
  private async releaseBatch(row: ImportRow, from: number, leaseUntil: Date): Promise<void> {
    const { importBatch } = this.config;
    const steps = await this.imports.stepsToRelease(row._id, from, importBatch);
    const last = steps.length < importBatch ? null : (steps.at(-1)?.ordinal ?? null);
    await this.changes.commitPart(contextOf(row), async (unit) => {
      await release(this.kinds, unit, steps);
      await this.note(row, { released: last === null ? null : last + 1, failures: 0, leaseUntil }, unit);
    });
  }

  /** Makes the steps up to one, or as many as there is time for: MongoDB ends transactions that live for long. */
  private async applyBatch(row: ImportRow, end: number, leaseUntil: Date): Promise<void> {
    const steps = await this.imports.stepsBetween(row._id, row.made, end);
    await this.changes.commitPart(contextOf(row), async (unit) => {
      const began = this.clock.millis();
      let made = row.made;
      for (const step of steps) {
        await makeStep(this.kinds, unit, step);
        made += 1;
        if (this.clock.millis() - began >= this.config.importBatchMs) break;
      }
      const { changes, ownEffects } = unit;
      const journal = changes.map((change, index) => {
        const isLast = index === changes.length - 1;
        return journalEntry(row, row.journaled + index, change, isLast ? ownEffects : []);
      });
      await this.imports.addJournal(journal, unit.session);
      const journaled = row.journaled + changes.length;
      await this.note(row, { made, journaled, failures: 0, leaseUntil }, unit);
    });
  }

  private async endApplied(row: ImportRow): Promise<void> {
    const told = await this.imports.outcome(row._id);
    await this.changes.commitEnd(contextOf(row), told.changes.length === 0 ? null : told, async ({ session }) => {
      const finishedAt = this.clock.now();
      if (!(await this.imports.progress(row, { state: 'applied', finishedAt }, session))) throw new TakenOver();
    });
    this.logger.info({ import: row._id.toString(), organisation: row.orgId.toString() }, 'An import was applied');
    await this.imports.clear(row._id);
  }

  private async undoBatch(row: ImportRow, leaseUntil: Date): Promise<void> {
    // What failed as a whole, because it is too much or because one of them cannot come back, is tried one by one.
    const from = row.failures === 0 ? Math.max(0, row.journaled - undoneAtOnce) : row.journaled - 1;
    const entries = await this.imports.journalBetween(row._id, from, row.journaled);
    if (await this.putBack(row, entries, from, leaseUntil)) return;
    const [newest] = entries;
    if (newest === undefined || (await this.putBack(row, [newest], row.journaled - 1, leaseUntil))) return;
    await this.giveUp(row, newest, leaseUntil);
  }

  /**
   * @param journaled how many changes are left then; not counted from the entries, so that a journal with gaps has an end
   * @returns false when a unique index refuses one of them, and nothing was put back
   */
  private async putBack(
    row: ImportRow,
    entries: readonly ImportJournalRow[],
    journaled: number,
    leaseUntil: Date,
  ): Promise<boolean> {
    try {
      await this.changes.commitPart(contextOf(row), async (unit) => {
        for (const { change, before } of entries) {
          await this.kinds.named(change.kind).putBack(unit, toObjectId(change.id), before);
        }
        await this.note(row, { journaled, failures: 0, leaseUntil }, unit);
      });
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
    for (const entry of entries) if (entry.before !== null) await this.reclaimBefore(row, entry.change, entry.before);
    return true;
  }

  /**
   * Leaves a change made that cannot be taken back: ids are unique in the installation, and somebody else may have got one
   * that the import let go. An organisation that stood still until that ends would stand still for ever.
   */
  private async giveUp(row: ImportRow, { change }: ImportJournalRow, leaseUntil: Date): Promise<void> {
    const resource = `${this.kinds.named(change.kind).section} ${change.id}`;
    const message = 'could not be put back, because something else has its id now; its history still has it';
    const refusal = row.refusal ?? { ...unknownRefusal };
    await this.imports.progress(row, {
      journaled: row.journaled - 1,
      lost: [...row.lost, toObjectId(change.id)],
      refusal: { ...refusal, errors: [...refusal.errors, { path: resource, message }] },
      failures: 0,
      leaseUntil,
    });
    this.logger.error({ import: row._id.toString(), resource }, `A resource ${message}`);
  }

  private async endUndone(row: ImportRow): Promise<void> {
    const isLost = (id: Types.ObjectId): boolean => row.lost.some((one) => one.equals(id));
    // Whoever put the rows back may have ended before it had claimed again what they claim.
    for (const { change, before } of await this.imports.replaced(row._id)) {
      if (!isLost(before._id)) await this.reclaimBefore(row, change, before);
    }
    for (const step of await this.imports.releasingSteps(row._id)) {
      if (!isLost(step.resourceId)) await this.reclaim(row, step);
    }
    const told = row.lost.length === 0 ? null : await this.imports.outcome(row._id);
    await this.changes.commitEnd(contextOf(row), told, async ({ session }) => {
      const finishedAt = this.clock.now();
      if (!(await this.imports.progress(row, { state: 'undone', finishedAt }, session))) throw new TakenOver();
    });
    this.logger.warn({ import: row._id.toString(), refusal: row.refusal }, 'An import was taken back');
    await this.imports.clear(row._id);
  }

  private async reclaimBefore(
    row: ImportRow,
    { kind }: Pick<ImportJournalRow['change'], 'kind'>,
    before: Head<ResourceRow>,
  ): Promise<void> {
    await this.reclaim(row, { kind, resourceId: before._id, released: this.kinds.named(kind).claimsOf(before) });
  }

  private async reclaim(
    { _id, orgId }: ImportRow,
    { kind, resourceId, released }: Pick<Step, 'kind' | 'resourceId' | 'released'>,
  ): Promise<void> {
    if (released === null) return;
    if (await this.kinds.named(kind).reclaim(toOrganisationId(orgId), resourceId, released)) return;
    const about = { import: _id.toString(), kind, resource: resourceId.toString() };
    this.logger.error(
      about,
      'What a resource claimed was taken by another organisation while an import was taken back',
    );
  }

  /** Notes progress inside a batch's transaction, so that no batch is made twice. @throws TakenOver */
  private async note(row: ImportRow, progress: ImportProgress, { session }: UnitOfWork): Promise<void> {
    if (!(await this.imports.progress(row, progress, session))) throw new TakenOver();
  }
}

const contextOf = ({ orgId, context }: ImportRow): ChangeContext => ({
  ...context,
  organisation: toOrganisationId(orgId),
});

const journalEntry = (
  row: ImportRow,
  ordinal: number,
  change: Change,
  ownEffects: readonly Effect[],
): ImportJournalRow => ({
  _id: newObjectId(),
  importId: row._id,
  ordinal,
  before: change.replaced,
  change: { kind: change.kind, id: change.id.toString(), operation: change.operation, version: change.version },
  effects: [...change.effects, ...ownEffects],
});
