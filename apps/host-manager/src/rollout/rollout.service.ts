import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import type { NodeReloaded } from '@castellan/dto';
import { Clock, LOGGER, Metrics, type Logger } from '@castellan/observability';
import { Inventory, type Target } from '../inventory/inventory';
import { Fingerprints } from '../reconcile/fingerprints';
import { GatewayClient } from './gateway-client';
import { Reports } from './reports';

export type RolloutReason = 'start' | 'change' | 'reconcile' | 'reconnect';

const attemptsPerNode = 3;
const retryDelayMs = 500;
/** How many gateways reload at the same time, so that a fleet is never busy with it as a whole. */
const atOnce = 10;

/**
 * Reloads the gateways after a change: once for a burst of changes, some at a time, each with a deadline and a few
 * tries. One that fails keeps serving what it has, is reported, and is tried again by the reconciliation.
 */
@Injectable()
export class RolloutService implements OnApplicationShutdown {
  private readonly applied = new Map<string, string>();
  private pending: RolloutReason | null = null;
  private worker: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly inventory: Inventory,
    private readonly gateways: GatewayClient,
    private readonly fingerprints: Fingerprints,
    private readonly reports: Reports,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: HostManagerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    metrics.gauge('castellan_reload_targets', 'Gateways by outcome of the last reload', ['outcome'], () =>
      Promise.resolve(
        ['ok', 'failed'].map((outcome) => ({
          labels: { outcome },
          value: this.reports.latest().filter(({ ok }) => ok === (outcome === 'ok')).length,
        })),
      ),
    );
  }

  /** Something changed: reload everything once it has been quiet for a moment. */
  request(reason: RolloutReason): void {
    this.pending = reason;
    this.worker ??= this.work();
  }

  /** Gateways whose last good reload began at another state than this. */
  async behind(fingerprint: string): Promise<readonly Target[]> {
    const targets = await this.inventory.targets();
    return targets.filter(({ url }) => this.applied.get(url) !== fingerprint);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.worker;
  }

  private async work(): Promise<void> {
    while (this.pending !== null && !this.stopping.signal.aborted) {
      await delay(this.config.hostManagerDebounceMs, undefined, { signal: this.stopping.signal }).catch(
        () => undefined,
      );
      const reason = this.pending;
      this.pending = null;
      try {
        await this.reloadAll(reason);
      } catch (error) {
        this.logger.warn({ err: error, reason }, 'A rollout failed; the reconciliation will try again');
      }
    }
    // In the same step as the last look at `pending`, so that no request falls between the two.
    this.worker = null;
  }

  private async reloadAll(reason: RolloutReason): Promise<void> {
    // Taken before the reloads: whatever commits meanwhile makes the fingerprint another one, and is seen next time.
    const fingerprint = await this.fingerprints.current();
    const queue = [...(await this.inventory.targets())];
    const next = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        if (this.stopping.signal.aborted) return;
        await this.reload(target, fingerprint, reason);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  }

  private async reload(target: Target, fingerprint: string | null, reason: RolloutReason): Promise<void> {
    const began = this.clock.millis();
    const { attempts, error } = await this.tryReload(target.url);
    const report: NodeReloaded = {
      ...target,
      addresses: [...target.addresses],
      ok: error === null,
      attempts,
      durationMs: this.clock.millis() - began,
      error,
      version: await this.gateways.version(target.url),
      at: this.clock.now().toISOString(),
      reason,
    };
    if (report.ok && fingerprint !== null) this.applied.set(target.url, fingerprint);
    else this.applied.delete(target.url);
    this.logger[report.ok ? 'info' : 'warn'](
      { ...report },
      report.ok ? 'A gateway reloaded' : 'A gateway did not reload',
    );
    await this.reports.publish(report);
  }

  private async tryReload(url: string): Promise<{ attempts: number; error: string | null }> {
    let error = '';
    for (let attempts = 1; attempts <= attemptsPerNode; attempts += 1) {
      try {
        await this.gateways.reload(url);
        return { attempts, error: null };
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause);
      }
      if (this.stopping.signal.aborted) return { attempts, error };
      if (attempts < attemptsPerNode) await delay(retryDelayMs * attempts);
    }
    return { attempts: attemptsPerNode, error };
  }
}
