import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { mongo } from 'mongoose';
import { erasedRows, saysOf, valueMark, type Person, type RollupKind } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import type { OrganisationId } from '@castellan/persistence';
import { segmentsOf } from '../purger/segments';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { EarlierSums } from '../storage/earlier-sums';
import { RollupStore, SumsMoved } from '../storage/rollup-store';
import { rowsIn, type SumsHead } from '../storage/sums-document';
import { mayHoldValue } from '../storage/wanted-rows';

/** Rows that one call changes, more or less. */
const mostSums = 5_000;

/** How long a call waits for the merger, which may have sums in hand for some seconds, and how often it looks again. */
const patienceMs = 10_000;
const pauseMs = 100;

/** The rows that may name somebody. */
const ofPeople: readonly RollupKind[] = ['key', 'keyEndpoint'];

/** What a call has come to. */
export interface ErasedSums {
  /** Rows that named the person. */
  readonly sums: number;
  /** Whether there may be more of them. */
  readonly more: boolean;
}

/** Takes a person out of the sums. What the merger has in hand at that moment is looked at again when it is done. */
@Injectable()
export class SumsErasure {
  constructor(
    @Inject(AnalyticsCollections)
    private readonly collections: Pick<AnalyticsCollections, 'segments' | 'inTransaction'>,
    private readonly rollups: RollupStore,
    @Inject(EarlierSums) private readonly earlier: Pick<EarlierSums, 'moveSome'>,
    private readonly clock: Clock,
  ) {}

  async erase(organisation: OrganisationId, person: Person): Promise<ErasedSums> {
    // Addresses are never in sums.
    if (person.address !== undefined) return { sums: 0, more: false };
    const until = performance.now() + patienceMs;
    let sums = 0;
    let isDone = false;
    while (!isDone && performance.now() < until) {
      // Sums of earlier forms are moved first, as they would bring the person back.
      const isMoving = await this.settled(async () => this.earlier.moveSome());
      if (isMoving === true) continue;
      const pass = new Pass(mostSums - sums);
      await this.eraseWaiting(organisation, person, pass);
      await this.eraseMerged(organisation, person, pass);
      sums += pass.changed;
      if (sums >= mostSums) break;
      isDone = isMoving === false && !pass.met;
      if (!isDone) await delay(pauseMs);
    }
    return { sums, more: !isDone };
  }

  /** Sums that are not merged yet. One that is merged meanwhile is found among the others. */
  private async eraseWaiting(orgId: OrganisationId, person: Person, pass: Pass): Promise<void> {
    for await (const segment of this.collections.segments.find({ orgId, kinds: { $in: [...ofPeople] } })) {
      if (pass.isFull) return;
      pass.note(await this.settled(async () => this.eraseSegment(segment, person)));
    }
  }

  private async eraseMerged(organisation: OrganisationId, person: Person, pass: Pass): Promise<void> {
    const mark = person.key === undefined ? null : valueMark(person.key);
    for await (const head of this.rollups.headsOf(organisation, ofPeople)) {
      if (pass.isFull) return;
      if (mark !== null && !mayHoldValue(head, mark)) continue;
      pass.note(await this.settled(async () => this.eraseIn(head, person)));
    }
  }

  /** @returns how many rows named the person; null when it is gone */
  private async eraseSegment(segment: SegmentDocument, person: Person): Promise<number | null> {
    const rows = rowsIn(segment);
    const theirs = rows.filter((row) => saysOf(row, person));
    if (theirs.length === 0) return 0;
    let deleted = 0;
    await this.collections.inTransaction(async (session) => {
      const { segments } = this.collections;
      deleted = (await segments.deleteOne({ _id: segment._id }, { session })).deletedCount;
      if (deleted === 1) await segments.insertMany([...segmentsOf(erasedRows(rows, person))], { session });
    });
    return deleted === 1 ? theirs.length : null;
  }

  /** @returns how many rows named the person; null when the document is not what it was */
  private async eraseIn(head: SumsHead, person: Person): Promise<number | null> {
    const rows = await this.rollups.open(head);
    if (rows === null) return null;
    const theirs = rows.filter((row) => saysOf(row, person));
    if (theirs.length === 0) return 0;
    await this.collections.inTransaction(async (session) => {
      const now = this.clock.now();
      const left = rows.filter((row) => !saysOf(row, person));
      await this.rollups.replace(head, left, now, session);
      await this.rollups.add(erasedRows(theirs, person), now, session);
    });
    return theirs.length;
  }

  /** Null when somebody else was changing the same: nothing has happened then, and it is to be done again. */
  private async settled<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (hasMet(error)) return null;
      throw error;
    }
  }
}

/** One look at all sums of an organisation. */
class Pass {
  changed = 0;
  /** Whether the merger, or another one who erases, was met. */
  met = false;

  constructor(private readonly most: number) {}

  get isFull(): boolean {
    return this.changed >= this.most;
  }

  note(changed: number | null): void {
    if (changed === null) this.met = true;
    else this.changed += changed;
  }
}

/** WriteConflict, NoSuchTransaction and DuplicateKey: two transactions wanted the same. */
const meetings: ReadonlySet<unknown> = new Set([112, 251, 11_000]);

const hasMet = (error: unknown): boolean =>
  error instanceof SumsMoved || (error instanceof mongo.MongoServerError && meetings.has(error.code));
