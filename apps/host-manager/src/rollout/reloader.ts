import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import type { NodeReloaded } from '@castellan/delivery';
import { Clock, LOGGER, Metrics, type Logger } from '@castellan/observability';
import { ApiClient } from './api-client';
import { Fleet, type Sight } from './fleet';
import { GatewayClient } from './gateway-client';
import { Reports } from './reports';

export type RolloutReason = 'start' | 'change' | 'reconcile' | 'reconnect';

const attemptsPerNode = 3;
const retryDelayMs = 500;
/** A gateway that keeps failing is tried again after ever longer pauses, but not after longer ones than this. */
const longestPauseMs = 300_000;
/** How long it may take until the API has noted what a gateway was served, in milliseconds. */
const noteMs = 1_500;
const notePauseMs = 50;
/** A reload takes a fraction of a second with few APIs, and up to the time-out with many, in seconds. */
const durationBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];

interface Failure {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly nextAt: number;
}

/** Reloads one gateway at a time, sees whether it fetched what it should run, and reports it. */
@Injectable()
export class Reloader {
  /** The generation at which each gateway was last reloaded well. */
  private readonly applied = new Map<string, string>();
  private readonly failures = new Map<string, Failure>();
  private readonly outcomes;
  private readonly durations;

  constructor(
    private readonly fleet: Fleet,
    private readonly gateways: GatewayClient,
    private readonly api: ApiClient,
    private readonly reports: Reports,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: HostManagerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.outcomes = metrics.counter('castellan_reloads_total', 'Gateways that were asked to reload', ['outcome']);
    const about = 'How long gateways took to reload, every attempt included';
    this.durations = metrics.histogram('castellan_reload_duration_seconds', about, ['outcome'], durationBuckets);
  }

  /** Whether a gateway has to be reloaded; one that failed has to wait for its turn. */
  isDue(sight: Sight): boolean {
    const { url } = sight.target;
    if (!this.isLeftBehind(sight)) return false;
    return this.clock.millis() >= (this.failures.get(url)?.nextAt ?? 0);
  }

  /** Whether a gateway has not loaded what it should run, as far as can be seen. */
  isLeftBehind({ target, state, node, generation }: Sight): boolean {
    if (state === 'loaded') return false;
    // Where it cannot be seen which node it is, its own word has to do; others at its place are not its fault.
    return node !== null || this.applied.get(target.url) !== generation;
  }

  /** Reports a gateway that has loaded by itself; of one that is known well already, nothing new is asked. */
  async note(sight: Sight, reason: RolloutReason): Promise<void> {
    const { url } = sight.target;
    this.failures.delete(url);
    const last = this.reports.of(url);
    const isKnown = last?.ok === true && last.version !== null && last.node === sight.node;
    if (isKnown && reason !== 'change') return;
    const version = (isKnown ? last.version : null) ?? (await this.gateways.version(url));
    await this.report(sight, { ok: true, attempts: 0, durationMs: 0, error: null, version, reason });
  }

  /**
   * Has a gateway load, and waits until it has. Nothing is done while the API could not serve it.
   *
   * @param stopping ends the attempts after the one under way
   */
  async reload(sight: Sight, reason: RolloutReason, stopping: AbortSignal): Promise<void> {
    if (!(await this.api.isReady())) return;
    const { url } = sight.target;
    const { generation } = sight;
    const began = this.clock.millis();
    const { attempts, error } = await this.attempt(url, stopping);
    const durationMs = this.clock.millis() - began;
    if (error === null) await this.fleet.identify(sight);
    const problem = error ?? (await this.unconfirmed(sight));
    const seen = await this.fleet.again(sight);
    const outcome = problem === null ? 'ok' : 'failed';
    this.outcomes.inc({ outcome });
    this.durations.observe({ outcome }, durationMs / 1_000);
    if (problem === null) {
      this.applied.set(url, generation);
      this.failures.delete(url);
    } else {
      this.applied.delete(url);
      this.putOff(url);
    }
    const version = await this.gateways.version(url);
    await this.report(seen, { ok: problem === null, attempts, durationMs, error: problem, version, reason });
  }

  private async attempt(
    url: string,
    stopping: AbortSignal,
  ): Promise<{ readonly attempts: number; readonly error: string | null }> {
    let error = '';
    // One that failed before holds nobody up.
    const most = this.failures.has(url) ? 1 : attemptsPerNode;
    for (let attempts = 1; attempts <= most; attempts += 1) {
      try {
        await this.gateways.reload(url);
        return { attempts, error: null };
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause);
      }
      if (stopping.aborted || attempts === most) return { attempts, error };
      await delay(retryDelayMs * attempts);
      if (!(await this.api.isReady())) return { attempts, error: `${error}; the API is not ready any more` };
    }
    return { attempts: most, error };
  }

  /** What is wrong with a gateway that said it reloaded: they say so though they could not fetch. Null when nothing is. */
  private async unconfirmed(before: Sight): Promise<string | null> {
    const until = this.clock.millis() + noteMs;
    for (;;) {
      const now = await this.fleet.again(before);
      // During a burst of changes what it fetched may be old already; the next look sees to that.
      if (now.node === null || now.state === 'loaded' || servedAt(now) !== servedAt(before)) return null;
      if (this.clock.millis() >= until) return 'It reloaded, and did not fetch what it should run';
      await delay(notePauseMs);
    }
  }

  private putOff(url: string): void {
    const count = (this.failures.get(url)?.count ?? 0) + 1;
    const pauseMs = Math.min(this.config.reconcileMs * 2 ** (count - 1), longestPauseMs);
    this.failures.set(url, { count, nextAt: this.clock.millis() + pauseMs });
  }

  private async report(
    { target, node }: Sight,
    outcome: Pick<NodeReloaded, 'ok' | 'attempts' | 'durationMs' | 'error' | 'version' | 'reason'>,
  ): Promise<void> {
    const { url, host, addresses } = target;
    const report = { url, host, addresses: [...addresses], node, ...outcome, at: this.clock.now().toISOString() };
    if (report.attempts > 0) {
      this.logger[report.ok ? 'info' : 'warn'](report, report.ok ? 'A gateway reloaded' : 'A gateway did not reload');
    }
    await this.reports.publish(report);
  }
}

/** When a gateway was last served a list; undefined where it is not known which node it is, or it never was. */
const servedAt = ({ node, candidates }: Sight): number | undefined =>
  candidates.find(({ id }) => id === node)?.served?.at;
