import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { RevisionRetention, type RevisionPlace, type RevisionsToKeep } from '@castellan/persistence';
import { BackgroundJob, type MayGoOn } from './background-job';
import { ReplicaLock } from './replica-lock';
import { daysBefore, retentionPauseMs } from './time';

/** Revisions that are looked at in one step. */
const batchSize = 500;

/**
 * Deletes revisions that are neither among the newest of their resource nor young. A resource comes to have some when
 * a revision of it is written or becomes old, so two sweeps go over the revisions in the order of time, one for each,
 * and remember where they are: every revision is looked at twice in its life, and a run without news costs two reads.
 */
@Injectable()
export class RevisionPruner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: BackgroundJob;

  constructor(
    private readonly retention: RevisionRetention,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) logger: Logger,
    lock: ReplicaLock,
  ) {
    const work = (mayGoOn: MayGoOn): Promise<void> => this.pruneAll(mayGoOn);
    this.job = new BackgroundJob('revision retention', retentionPauseMs, work, lock, logger);
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.job.stop();
  }

  /** Deletes everything that is due. */
  async pruneAll(mayGoOn: MayGoOn): Promise<void> {
    const { revisionsKept: newest, revisionsDays: days, auditSettleMs: settleMs } = this.config;
    const since = days === 0 ? null : daysBefore(this.clock.now(), days);
    const keep = { newest, since };
    // A transaction under way may still add a revision that bears an earlier time; the sweep must not have passed it.
    const settled = new Date(this.clock.millis() - settleMs);
    // What a resource has beyond the newest, it has from the revision after them on.
    await this.sweep('written', settled, keep, ({ number }) => number > newest, mayGoOn);
    if (since !== null) await this.sweep('aged', since, keep, () => true, mayGoOn);
  }

  private async sweep(
    name: string,
    before: Date,
    keep: RevisionsToKeep,
    matters: (place: RevisionPlace) => boolean,
    mayGoOn: MayGoOn,
  ): Promise<void> {
    // Under other settings than before, everything has to be looked at again.
    const settings = `${keep.newest} newest, ${this.config.revisionsDays} days`;
    let position = await this.retention.position(name, settings);
    while (await mayGoOn()) {
      const places = await this.retention.after(position, before, batchSize);
      for (const place of eachResourceOnce(places.filter(matters))) await this.retention.prune(place, keep);
      const last = places.at(-1);
      if (last === undefined) return;
      position = { at: last.at, id: last._id };
      await this.retention.savePosition(name, settings, position);
    }
  }
}

const eachResourceOnce = (places: readonly RevisionPlace[]): readonly RevisionPlace[] => [
  ...new Map(
    places.map((place) => [`${place.orgId.toString()} ${place.kind} ${place.resourceId.toString()}`, place]),
  ).values(),
];
