import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Unavailable } from '@castellan/dto';
import { Clock, LOGGER, Recurring, type Logger } from '@castellan/observability';
import {
  ChangeRecorder,
  Generations,
  ImportRunning,
  ImportStore,
  KEPT_TEXT,
  newObjectId,
  OrganisationGone,
  toObjectId,
  toOrganisationId,
  type Advance,
  type ChangeContext,
  type FrozenListRow,
  type ImportRow,
  type KeptText,
} from '@castellan/persistence';
import { NodeDocuments } from '../gateways/delivery/node-documents';
import { ImportBatches, TakenOver } from './import-batches';
import { explainRefusal, unknownRefusal, type Step } from './import-steps';
import type { Counts } from './plan';
import { TransferKinds } from './transfer-kinds';

/** How long a replica may go without progress before another one goes on, in milliseconds: more than it gives one batch. */
const leaseMsOf = ({ importBatchMs }: ApiConfig): number => Math.max(1_000, 3 * importBatchMs);
/** Writing down a large import takes this long at the most, in milliseconds. */
const stagingMs = 600_000;
/** Pause between two looks at an import that another replica works on, in milliseconds. */
const watchMs = 200;
/** After so many failures in a row an import is taken back. */
const mostFailures = 5;
/** What a frozen list may have in one piece, in characters; one document of the database holds 16 MiB. */
const pieceCharacters = 4 * 1024 * 1024;

/** A large import, ready to be begun. */
export interface LargeImport {
  readonly digest: string;
  readonly steps: readonly Step[];
  readonly ends: readonly number[];
  readonly counts: Counts;
  /** How far the organisation had come when the steps were planned. */
  readonly madeAt: Advance;
}

/**
 * Makes imports that are too large for one transaction, batch by batch. Everything that there is to do is written down
 * first, with what nodes are to be served until the end; from then on any replica can go on from where another one
 * stopped. The organisation stands still for the nodes meanwhile and takes no other changes, and the last transaction
 * shows them everything at once. When a step is refused after all, what was made is taken back the same way.
 */
@Injectable()
export class ImportRunner implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  /** Tells replicas apart. */
  private readonly me = randomUUID();
  private readonly driven = new Map<string, Promise<void>>();
  private readonly sweep: Recurring;
  private stopped = false;

  constructor(
    private readonly imports: ImportStore,
    private readonly generations: Generations,
    private readonly changes: ChangeRecorder,
    private readonly documents: NodeDocuments,
    private readonly batches: ImportBatches,
    private readonly clock: Clock,
    private readonly kinds: TransferKinds,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(KEPT_TEXT) private readonly kept: KeptText,
  ) {
    this.sweep = new Recurring('import sweep', leaseMsOf(config) / 3, () => this.goOn(), logger);
  }

  onApplicationBootstrap(): void {
    this.sweep.start();
  }

  /** Before the listener closes, which waits for the requests that wait for an import. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sweep.stop();
    await Promise.all(this.driven.values());
  }

  /**
   * Writes an import down and begins it.
   *
   * @returns its id, or null when the organisation has moved on since it was planned
   */
  async begin(context: ChangeContext, large: LargeImport): Promise<Types.ObjectId | null> {
    const { organisation, actor, action, request, reason } = context;
    const frozen = await this.documents.of(organisation);
    if (frozen.generation !== large.madeAt.generation) return null;
    const row = this.newRow(organisation, { actor, action, request, reason }, large);
    await this.imports.stage(row, large.steps, [
      ...pieces('apis', frozen.apis),
      ...pieces('policies', frozen.policies),
    ]);
    const begun = await this.changes.commitPart(context, async (unit) => {
      const { session } = unit;
      await unit.rules();
      if (!(await this.generations.hold(organisation, large.madeAt, row._id, session))) return false;
      return this.imports.progress(row, { state: 'applying', leaseUntil: this.lease() }, session);
    });
    if (!begun) {
      await this.imports.forget(row._id);
      return null;
    }
    void this.drive(row._id);
    return row._id;
  }

  /** Waits until an import is over, whichever replica makes it. @throws CastellanError when it was taken back */
  async outcome(id: Types.ObjectId): Promise<ImportRow> {
    for (;;) {
      await this.driven.get(id.toString());
      const row = await this.imports.get(id);
      if (row === null) throw new ImportRunning('The import was given up; send it again');
      if (row.state === 'applied') return row;
      if (row.state === 'undone') throw refusalOf(row);
      if (this.stopped) throw new Unavailable('This replica, while another one goes on with the import,');
      await pause(watchMs);
    }
  }

  /** Goes on with what other replicas left behind, and clears away what is over. */
  private async goOn(): Promise<void> {
    for (const { _id, state } of await this.imports.abandoned(this.clock.now())) {
      if (this.stopped) return;
      if (state === 'staging') await this.imports.forget(_id);
      else if (state === 'applied' || state === 'undone') await this.imports.clear(_id);
      else await this.drive(_id);
    }
  }

  private drive(id: Types.ObjectId): Promise<void> {
    const key = id.toString();
    const running = this.driven.get(key);
    if (running !== undefined) return running;
    const run = this.makeAll(id)
      .catch((error: unknown) => {
        this.logger.warn({ err: error, import: key }, 'An import could not go on; it will be tried again');
      })
      .finally(() => this.driven.delete(key));
    this.driven.set(key, run);
    return run;
  }

  /** Makes batch after batch until the import is over, or somebody else has it, or this process ends. */
  private async makeAll(id: Types.ObjectId): Promise<void> {
    for (;;) {
      const row = await this.imports.take(id, this.me, this.clock.now(), this.lease());
      if (row === null) return;
      if (this.stopped) {
        await this.imports.progress(row, { leaseUntil: this.clock.now() });
        return;
      }
      try {
        await this.batches.advance(row, this.lease());
      } catch (error) {
        if (error instanceof TakenOver) return;
        await this.fail(row, error);
      }
    }
  }

  private async fail(row: ImportRow, error: unknown): Promise<void> {
    const organisation = toOrganisationId(row.orgId);
    const gone = error instanceof OrganisationGone && row.state === 'undoing';
    if (gone) {
      // The organisation is no more; there is nothing to take back, and nobody to take it back for.
      await this.imports.progress(row, { journaled: 0 });
      return;
    }
    const explained = await explainRefusal(this.kinds, error, organisation);
    const isFinal = explained instanceof CastellanError && explained.status < 500;
    const failures = row.failures + 1;
    if (row.state === 'applying' && (isFinal || failures >= mostFailures)) {
      const refusal = isFinal ? explained : new CastellanError(500, 'internal', 'Internal error');
      const { status, code, message, errors, meta } = refusal;
      await this.imports.progress(row, {
        state: 'undoing',
        failures: 0,
        refusal: {
          ...{ status, code, meta, message: this.kept(message) },
          errors: errors.map((error) => ({ path: this.kept(error.path), message: this.kept(error.message) })),
        },
      });
      if (!isFinal) this.logger.error({ err: error, import: row._id.toString() }, 'An import failed and is taken back');
      return;
    }
    await this.imports.progress(row, { failures });
    throw error;
  }

  private newRow(
    organisation: ChangeContext['organisation'],
    context: ImportRow['context'],
    { digest, ends, counts, steps }: LargeImport,
  ): ImportRow {
    const now = this.clock.now();
    return {
      _id: newObjectId(),
      orgId: toObjectId(organisation),
      state: 'staging',
      digest,
      context,
      ends,
      counts,
      released: steps.some(({ released }) => released !== null) ? 0 : null,
      made: 0,
      journaled: 0,
      failures: 0,
      refusal: null,
      lost: [],
      owner: this.me,
      leaseUntil: new Date(now.getTime() + stagingMs),
      createdAt: now,
      finishedAt: null,
      cleared: false,
    };
  }

  private lease(): Date {
    return new Date(this.clock.millis() + leaseMsOf(this.config));
  }
}

type Piece = Pick<FrozenListRow, 'list' | 'items'>;

/** A list in pieces that the database takes. */
const pieces = (list: FrozenListRow['list'], items: readonly string[]): readonly Piece[] => {
  const cut: string[][] = [];
  let characters = Infinity;
  for (const item of items) {
    if (characters + item.length > pieceCharacters) {
      cut.push([]);
      characters = 0;
    }
    cut.at(-1)?.push(item);
    characters += item.length;
  }
  return cut.map((some) => ({ list, items: some }));
};

const refusalOf = ({ refusal }: ImportRow): CastellanError => {
  const { status, code, message, errors, meta } = refusal ?? { ...unknownRefusal };
  return new CastellanError(status, code, message, { errors, meta });
};
