import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, Metrics, Recurring, type GaugeReading, type Logger } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import { NodeRegistry } from '../nodes/node-registry';
import { listsOf, NodeStateService, nodeStates, type NodeState } from '../nodes/node-state.service';
import { ServedOrganisations } from '../nodes/served-organisations';
import { Serving } from './serving';
import { Signals } from './signals';

/** A node that registered or asked this lately may still be at it, in milliseconds. */
const graceMs = 2_000;
/** After a registration the next look comes this soon: gateways up to 5.2 register again without loading, in milliseconds. */
const afterRegistrationMs = 3_000;
/** How long it is remembered how often a node was found behind one state. */
const rememberSeconds = 3_600;

/**
 * Compares what nodes run with what they should run: at start, when Redis returns, after a registration and on a timer.
 * Nodes that are behind are told again, as the first message may have been lost (promise 4).
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: Recurring;
  /** Nodes that were last seen stuck, so that each is logged once. */
  private stuck: ReadonlySet<string> = new Set();

  constructor(
    private readonly states: NodeStateService,
    private readonly registry: NodeRegistry,
    private readonly signals: Signals,
    private readonly serving: Serving,
    private readonly served: ServedOrganisations,
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
    const { nodes } = await this.states.fleet();
    this.reportStuck(nodes.filter(({ state }) => state === 'stuck'));
    await this.served.keep(nodes.flatMap(listsOf));
    await this.registry.recordContent(nodes.filter(isContentAgain).map(({ id }) => id));

    const now = this.clock.millis();
    const behind = nodes.filter((node) => isBehind(node) && !isBusy(node, now));
    // First, so that looks at which nobody may be told anything do not count.
    if (behind.length === 0 || !(await this.serving.isReady())) return;
    const due = await this.areDue(behind);
    if (due.length === 0) return;
    this.logger.warn({ nodes: due.map(({ id }) => id) }, 'Nodes do not run what they should; telling them again');
    await this.signals.publish(
      [{ reason: 'reconcile', organisation: null, generation: null, changes: [] }],
      [{ command: 'GroupReload', payload: '' }],
    );
    await this.registry.recordTold(behind.map(({ id }) => id));
  }

  /**
   * A message concerns all nodes, so one that cannot follow must not keep the whole fleet busy: while a node cannot reach
   * a state, looks number 1, 2, 4, 8 and so on at it lead to a message. All replicas count together.
   */
  private async areDue(behind: readonly NodeState[]): Promise<readonly NodeState[]> {
    const looks = await Promise.all(
      behind.map(async (node) => {
        const situation = createHash('sha256').update(`${node.expected.apis},${node.expected.policies}`).digest('hex');
        const key = redisKey('reconcile', node.id, situation);
        const look = await this.redis.incr(key);
        await this.redis.expire(key, rememberSeconds);
        return { node, look };
      }),
    );
    return looks.filter(({ look }) => Number.isInteger(Math.log2(look))).map(({ node }) => node);
  }

  private reportStuck(nodes: readonly NodeState[]): void {
    for (const { id, hostname, address, version, advice } of nodes) {
      if (!this.stuck.has(id)) this.logger.error({ node: id, hostname, address, version, advice }, 'A node is stuck');
    }
    this.stuck = new Set(nodes.map(({ id }) => id));
  }

  private async countByState(): Promise<readonly GaugeReading[]> {
    const { nodes } = await this.states.fleet();
    return nodeStates.map((state) => ({
      labels: { state },
      value: nodes.filter((node) => node.state === state).length,
    }));
  }
}

const isBehind = ({ state }: NodeState): boolean => state === 'behind' || state === 'stuck';

/** It was told, and what it should run became what it runs before it asked. */
const isContentAgain = ({ state, toldAt }: NodeState): boolean => state === 'in_sync' && toldAt !== null;

const isBusy = ({ registeredAt, fetchedAt }: NodeState, now: number): boolean =>
  now - Math.max(registeredAt, fetchedAt ?? 0) < graceMs;
