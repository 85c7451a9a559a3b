import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Unavailable } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import {
  Generations,
  ImportRunning,
  ImportStore,
  OrganisationGone,
  OrganisationStore,
  type ChangeContext,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import type { ReadScope } from '../resources/read-scope';
import { ResourceTools } from '../resources/resource-tools';
import { ImportRunner } from './import-runner';
import { explainRefusal, makeStep, release, stepOf } from './import-steps';
import { batchesOf, countsOf, stepsOf, type Counts, type Plan } from './plan';
import { Planner, type ImportRequest } from './planner';
import { reportOf, type Report, type ReportedResource } from './report';
import { TransferKinds } from './transfer-kinds';
import { inTurns } from './turns';

/** What an import has done, or would do. */
export interface ImportResult {
  /** The import's id, when it was made in batches. */
  readonly id: string | null;
  readonly counts: Counts | Readonly<Record<string, number>>;
  /** Null when the caller found an import of the same document under way and waited for that one. */
  readonly resources: readonly ReportedResource[] | null;
}

export interface ImportOptions {
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Refuses when the configuration is not what the caller thinks. */
  readonly precondition?: (scope: ReadScope) => Promise<void>;
}

/** Documents of one transaction have at most so many characters. */
const mostCharacters = 16 * 1024 * 1024;
/** Imports that are listed, the latest first. */
const listed = 20;
/** So often an import is planned anew because the organisation has moved on meanwhile. */
const mostAttempts = 5;

/** What one look at the organisation led to. */
type Outcome =
  | { readonly state: 'made'; readonly report: Report }
  | { readonly state: 'large'; readonly plan: Plan; readonly ends: readonly number[] }
  | { readonly state: 'busy'; readonly importing: Types.ObjectId }
  | { readonly state: 'overtaken' };

/** The database is too slow for the one transaction that was begun: MongoDB ends those that live for long. */
class TakesLong extends Error {}

/** Makes an organisation's configuration what a document says. */
@Injectable()
export class ImportService {
  constructor(
    private readonly planner: Planner,
    private readonly runner: ImportRunner,
    private readonly tools: ResourceTools,
    private readonly generations: Generations,
    private readonly imports: ImportStore,
    private readonly organisations: OrganisationStore,
    private readonly clock: Clock,
    private readonly kinds: TransferKinds,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Makes an import, in one transaction or, when it is too large for that, in batches that nodes see all at once. An
   * import that changes nothing writes nothing. The same import sent again while it is under way waits for its end.
   *
   * @throws ValidationFailed, Conflict with everything that is wrong, and nothing is written
   */
  async import(context: ChangeContext, request: ImportRequest, options: ImportOptions): Promise<ImportResult> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const outcome = await this.attempt(context, request, options);
      if (outcome.state === 'overtaken') continue;
      if (outcome.state === 'made') return resultOf(null, outcome.report);
      if (outcome.state === 'busy') return this.join(outcome.importing, request, options);
      const report = await reportOf(outcome.plan, []);
      if (options.dryRun) return resultOf(null, report);
      const id = await this.begin(context, request, outcome.plan, outcome.ends);
      if (id === null) continue;
      await this.runner.outcome(id);
      return resultOf(id, report);
    }
    throw new Unavailable('An organisation that changes all the time');
  }

  /** The last imports that were made in batches, the latest first. */
  latest(organisation: OrganisationId): ReturnType<ImportStore['latest']> {
    return this.imports.latest(organisation, listed);
  }

  /**
   * Plans without a transaction, which would not live long enough for a large document; what is written afterwards asks
   * whether the organisation is still where it was when the plan was begun.
   */
  private async attempt(context: ChangeContext, request: ImportRequest, options: ImportOptions): Promise<Outcome> {
    const scope = this.scopeOf(context);
    await scope.rules();
    const { importing } = await this.generations.of(context.organisation);
    if (importing !== null) return { state: 'busy', importing };
    const before = await this.generations.of(context.organisation);
    await options.precondition?.(scope);
    const plan = await this.planner.plan(scope, request);
    if (plan.madeAt.sequence !== before.sequence) return { state: 'overtaken' };
    const ends = batchesOf(stepsOf(plan, this.kinds), { most: this.config.importBatch, mostCharacters });
    if (ends.length > 1) return { state: 'large', plan, ends };
    const work = (unit: UnitOfWork) => this.make(unit, plan);
    try {
      if (!options.dryRun) return await this.tools.commit(context, work);
      return (await this.tools.dryRun(context, work)).value;
    } catch (error) {
      if (error instanceof TakesLong) return { state: 'large', plan, ends };
      throw await explainRefusal(this.kinds, error, context.organisation);
    }
  }

  private async make(unit: UnitOfWork, plan: Plan): Promise<Outcome> {
    await unit.rules();
    const { sequence, importing } = await this.generations.of(unit.organisation, unit.session);
    if (importing !== null) return { state: 'busy', importing };
    if (sequence !== plan.madeAt.sequence) return { state: 'overtaken' };
    const steps = stepsOf(plan, this.kinds).map(stepOf);
    await release(
      this.kinds,
      unit,
      steps.filter(({ released }) => released !== null),
    );
    const began = this.clock.millis();
    for (const step of steps) {
      if (this.clock.millis() - began >= this.config.importBatchMs) throw new TakesLong();
      await makeStep(this.kinds, unit, step);
    }
    return { state: 'made', report: await reportOf(plan, unit.changes) };
  }

  /** Whoever may import sees everything; in part an organisation cannot be made what a document says. */
  private scopeOf({ organisation, actor }: ChangeContext): ReadScope {
    const rules = async () => {
      const row = await this.organisations.byId(organisation);
      if (row === null) throw new OrganisationGone();
      return row;
    };
    return { organisation, session: null, at: this.clock.now(), actor, rules, viewer: () => Promise.resolve(null) };
  }

  private async begin(
    context: ChangeContext,
    request: ImportRequest,
    plan: Plan,
    ends: readonly number[],
  ): Promise<Types.ObjectId | null> {
    return this.runner.begin(context, {
      digest: await digestOf(request),
      steps: stepsOf(plan, this.kinds).map(stepOf),
      ends,
      counts: countsOf(plan.resources),
      madeAt: plan.madeAt,
    });
  }

  /** Waits for an import that is under way, when it is the same one; any other has to wait its turn. */
  private async join(id: Types.ObjectId, request: ImportRequest, { dryRun }: ImportOptions): Promise<ImportResult> {
    const row = await this.imports.get(id);
    if (row === null || dryRun || row.digest !== (await digestOf(request))) {
      const meta = row === null ? null : { import: id.toString(), made: row.made, steps: row.ends.at(-1) ?? 0 };
      throw new ImportRunning('Another import is being applied; try again when it is over', meta);
    }
    const { counts } = await this.runner.outcome(id);
    return { id: id.toString(), counts, resources: null };
  }
}

const resultOf = (id: Types.ObjectId | null, report: Report): ImportResult => ({
  id: id?.toString() ?? null,
  counts: report.counts,
  resources: report.resources,
});

/** Of everything that the outcome depends on. */
const digestOf = async ({ document, subset, prune, mayMakeIds }: ImportRequest): Promise<string> => {
  const hash = createHash('sha256').update(JSON.stringify([subset, prune, mayMakeIds]));
  for (const [name, items] of Object.entries(document.sections)) {
    if (items === undefined) continue;
    hash.update(`${name}\n`);
    for await (const item of inTurns(items)) hash.update(`${JSON.stringify(item)}\n`);
  }
  return hash.digest('hex');
};
