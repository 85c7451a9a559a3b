import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import { Clock, LOGGER, Metrics, type Logger } from '@castellan/observability';
import { Inventory, type Target } from '../inventory/inventory';
import { ApiClient } from './api-client';
import { Fleet, type Sight } from './fleet';
import { Reloader, type RolloutReason } from './reloader';
import { Reports } from './reports';

/** How many gateways reload at the same time, so that a fleet is never busy with it as a whole. */
const atOnce = 10;
/** Pause between two looks at what gateways have loaded by themselves, in milliseconds. */
const lookPauseMs = 100;
/** Pause before an API that is not ready is asked again, in milliseconds. */
const apiPauseMs = 1_000;
/** How often a gateway that may be one of several nodes is reloaded to see which one it is. */
const identifyingReloads = 2;

/**
 * Brings gateways to what they should run: looks, once for a burst of changes, whether each has loaded it by itself, gives
 * it a moment, and reloads those that have not. One that fails keeps serving what it has, is reported, and is tried again
 * later without the others having to reload with it.
 */
@Injectable()
export class RolloutService implements OnApplicationShutdown {
  private pending: RolloutReason | null = null;
  private worker: Promise<void> | null = null;
  private readonly stopping = new AbortController();
  /** How often a gateway was reloaded to be identified among certain nodes. */
  private readonly identifications = new Map<string, number>();

  constructor(
    private readonly inventory: Inventory,
    private readonly fleet: Fleet,
    private readonly reloader: Reloader,
    private readonly api: ApiClient,
    reports: Reports,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: HostManagerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    metrics.gauge('castellan_reload_targets', 'Gateways by what was last seen of them', ['outcome'], () =>
      Promise.resolve(
        ['ok', 'failed'].map((outcome) => ({
          labels: { outcome },
          value: reports.latest().filter(({ ok }) => ok === (outcome === 'ok')).length,
        })),
      ),
    );
  }

  /** Something may have changed: look after every gateway once it has been quiet for a moment. */
  request(reason: RolloutReason): void {
    // A look for its own sake does not take the place of a change.
    if (this.pending !== 'change') this.pending = reason;
    this.worker ??= this.work();
  }

  /** Whether nothing is being done and nothing waits to be. */
  get idle(): boolean {
    return this.worker === null;
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.worker;
  }

  private async work(): Promise<void> {
    while (this.pending !== null && !this.stopping.signal.aborted) {
      await this.pause(this.config.hostManagerDebounceMs);
      const reason = this.pending;
      this.pending = null;
      try {
        await this.bringUpToDate(reason);
      } catch (error) {
        this.logger.warn({ err: error, reason }, 'A rollout failed; the reconciliation will try again');
      }
    }
    // In the same step as the last look at `pending`, so that no request falls between the two.
    this.worker = null;
  }

  private async bringUpToDate(reason: RolloutReason): Promise<void> {
    const targets = await this.inventory.targets();
    if (targets.length === 0) return;
    const sights = await this.patientView(targets);
    const due = sights.filter((sight) => this.reloader.isDue(sight) || this.isToIdentify(sight));
    await Promise.all(
      sights
        .filter((sight) => !due.includes(sight) && !this.reloader.isLeftBehind(sight))
        .map((sight) => this.reloader.note(sight, reason)),
    );
    if (due.length === 0) return;
    while (!(await this.api.isReady())) {
      if (this.isStopping) return;
      await this.pause(apiPauseMs);
    }
    await this.reloadAll(due, reason);
  }

  /** What is seen once every gateway has loaded by itself, or has had its time to. */
  private async patientView(targets: readonly Target[]): Promise<readonly Sight[]> {
    const until = this.clock.millis() + this.config.hostManagerPatienceMs;
    for (;;) {
      const sights = await this.fleet.view(targets);
      const waits = sights.some((sight) => sight.state === 'behind' && this.reloader.isDue(sight));
      if (!waits || this.clock.millis() >= until || this.isStopping) return sights;
      await this.pause(lookPauseMs);
    }
  }

  /** Some at a time; those that may be the same node one after the other, since the first may have been the one. */
  private async reloadAll(due: readonly Sight[], reason: RolloutReason): Promise<void> {
    const queue = groupsOf(due);
    const next = async (): Promise<void> => {
      for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
        for (const sight of group) {
          if (this.isStopping) return;
          await this.reloadUnlessLoaded(sight, reason);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  }

  private async reloadUnlessLoaded(before: Sight, reason: RolloutReason): Promise<void> {
    const sight = await this.fleet.again(before);
    const isToIdentify = this.isToIdentify(sight);
    if (!isToIdentify && !this.reloader.isLeftBehind(sight)) return this.reloader.note(sight, reason);
    if (isToIdentify) this.countIdentification(sight);
    return this.reloader.reload(sight, reason, this.stopping.signal);
  }

  /** Whether a reload would tell which of several nodes this gateway is, so that it can be told from the others. */
  private isToIdentify(sight: Sight): boolean {
    if (sight.node !== null || sight.candidates.length < 2) return false;
    return (this.identifications.get(identificationOf(sight)) ?? 0) < identifyingReloads;
  }

  private countIdentification(sight: Sight): void {
    const key = identificationOf(sight);
    this.identifications.set(key, (this.identifications.get(key) ?? 0) + 1);
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

const identificationOf = ({ target, candidates }: Sight): string =>
  [target.url, ...candidates.map(({ id }) => id).sort()].join();

/** Gateways that may be the same nodes, together; each other one by itself. */
const groupsOf = (sights: readonly Sight[]): Sight[][] => {
  const groups = new Map<string, Sight[]>();
  for (const sight of sights) {
    const shared = sight.node === null && sight.candidates.length > 0;
    const key = shared
      ? sight.candidates
          .map(({ id }) => id)
          .sort()
          .join()
      : sight.target.url;
    groups.set(key, [...(groups.get(key) ?? []), sight]);
  }
  return [...groups.values()];
};
