import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, Metrics, Recurring, type GaugeReading, type Logger } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/persistence';
import { NodeStateService, type NodeState, type SyncState } from './node-state.service';
import { Signals } from './signals';

/** A node that registered or loaded this lately may still be at it, in milliseconds. */
const graceMs = 2_000;
/** After a registration the next look comes this soon: gateways up to 5.2 register again without loading, in milliseconds. */
const afterRegistrationMs = 3_000;
/** How long it is remembered how often nodes were told to catch up with one state. */
const rememberSeconds = 3_600;

/**
 * Compares what nodes run with what they should run: at start, when Redis returns, after a registration and on a timer.
 * Nodes that are behind are told again, as the first message may have been lost (promise 4).
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: Recurring;

  constructor(
    private readonly states: NodeStateService,
    private readonly signals: Signals,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.loop = new Recurring('node reconciliation', config.reconcileMs, () => this.reconcile(), logger);
    metrics.gauge('castellan_nodes', 'Nodes by state', ['state'], () => this.countByState());
  }

  onApplicationBootstrap(): void {
    this.redis.on('ready', this.look);
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.redis.off('ready', this.look);
    await this.loop.stop();
  }

  /** A node has registered: if it does not load by itself, it is told to. */
  afterRegistration(): void {
    this.loop.soon(afterRegistrationMs);
  }

  private readonly look = (): void => {
    this.loop.soon();
  };

  private async reconcile(): Promise<void> {
    const { nodes, expected } = await this.states.fleet();
    const now = this.clock.millis();
    const behind = nodes.filter((node) => node.state === 'behind' && !isBusy(node, now));
    if (behind.length === 0) return;
    if (!(await this.isDue([expected.apis, expected.policies, ...behind.map(({ id }) => id).sort()]))) return;
    this.logger.warn({ nodes: behind.map(({ id }) => id) }, 'Nodes do not run what they should; telling them again');
    await this.signals.publish(
      [{ reason: 'reconcile', organisation: null, generation: null, changes: [] }],
      ['GroupReload'],
    );
  }

  /**
   * A reload concerns all nodes, so one that cannot follow must not keep the whole fleet busy: while it is the same nodes
   * that cannot reach the same state, looks number 1, 2, 4, 8 and so on lead to a message. All replicas count together.
   */
  private async isDue(situation: readonly string[]): Promise<boolean> {
    const key = redisKey('reconcile', createHash('sha256').update(situation.join()).digest('hex'));
    const look = await this.redis.incr(key);
    await this.redis.expire(key, rememberSeconds);
    return Number.isInteger(Math.log2(look));
  }

  private async countByState(): Promise<readonly GaugeReading[]> {
    const { nodes } = await this.states.fleet();
    const states: readonly SyncState[] = ['in_sync', 'behind', 'silent'];
    return states.map((state) => ({ labels: { state }, value: nodes.filter((node) => node.state === state).length }));
  }
}

const isBusy = ({ registeredAt, served }: NodeState, now: number): boolean =>
  now - Math.max(registeredAt, served?.at ?? 0) < graceMs;
