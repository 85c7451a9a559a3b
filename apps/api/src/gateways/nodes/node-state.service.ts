import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock } from '@castellan/observability';
import type { OrganisationId } from '@castellan/persistence';
import type { NodeRecord } from '@castellan/delivery';
import type { Generation } from '../delivery/generation';
import { Rollout, type Assignment } from '../delivery/rollout';
import { AssignedGenerations } from './assigned-generations';
import { NodeRegistry } from './node-registry';
import { ReloadReports, type ReloadReport } from './reload-reports';
import { ServedOrganisations } from './served-organisations';

/** Nodes beat every two seconds; one that was silent for longer than this is taken for gone or cut off, in milliseconds. */
const silentAfterMs = 15_000;

/** @param now in milliseconds since 1970 */
export const isSilent = ({ lastSeen }: Pick<NodeRecord, 'lastSeen'>, now: number): boolean =>
  now - lastSeen > silentAfterMs;

export const nodeStates = ['in_sync', 'behind', 'stuck', 'silent'] as const;

/**
 * `in_sync`: what the node last loaded has the hash of what it should run (promise 5). `behind`: it has another one, or
 * has loaded nothing. `stuck`: it is behind, was told to load a while ago and has asked for nothing since, though its
 * heart beats. `silent`: its heartbeat stopped, and nothing can be said of it.
 */
export type SyncState = (typeof nodeStates)[number];

export interface Hashes {
  readonly apis: string;
  readonly policies: string;
}

export interface NodeState extends NodeRecord {
  readonly state: SyncState;
  readonly expected: Hashes;
  /** From the host manager, where the node is one of those it looks after. */
  readonly version: string | null;
  /** What the operator should do about it; null when nothing. */
  readonly advice: string | null;
}

export interface FleetState {
  readonly expected: Hashes;
  readonly nodes: readonly NodeState[];
  readonly reloads: readonly ReloadReport[];
}

/** Compares what each node was served with what it should run. */
@Injectable()
export class NodeStateService {
  constructor(
    private readonly registry: NodeRegistry,
    private readonly rollout: Rollout,
    private readonly reports: ReloadReports,
    private readonly served: ServedOrganisations,
    private readonly assigned: AssignedGenerations,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** Every node. */
  async fleet(): Promise<FleetState> {
    return this.look(await this.rollout.current());
  }

  /**
   * The organisation's own nodes: those that were last served an API of it, or are to be. What a node leaves out because
   * of its segment's tags, no gateway says.
   */
  async fleetOf(organisation: OrganisationId): Promise<FleetState> {
    const assignment = await this.rollout.current();
    const fleet = await this.look(assignment);
    const running = await this.served.having(organisation, fleet.nodes.flatMap(listsOf));
    const isOwn = (node: NodeState): boolean =>
      assignment.of(node.id).organisations.has(organisation) || listsOf(node).some((hash) => running.has(hash));
    return { ...fleet, nodes: fleet.nodes.filter(isOwn) };
  }

  private async look(assignment: Assignment): Promise<FleetState> {
    const [records, reloads] = await Promise.all([this.registry.all(), this.reports.all()]);
    await this.assigned.note(assignment, records);
    const now = this.clock.millis();
    const nodes = records.map((record) => {
      const expected = hashesOf(assignment.of(record.id));
      const state = this.stateOf(record, expected, now);
      return { ...record, expected, state, version: versionOf(record, reloads), advice: adviceFor(record, state) };
    });
    return { expected: hashesOf(assignment.newest), nodes, reloads };
  }

  private stateOf(record: NodeRecord, expected: Hashes, now: number): SyncState {
    const { served, lastSeen, toldAt } = record;
    if (isSilent(record, now)) return 'silent';
    if (served?.apis.hash === expected.apis && served.policies.hash === expected.policies) return 'in_sync';
    // Measured by its own pings: one that has gone since is silent soon, and was never stuck.
    return toldAt !== null && lastSeen - toldAt > this.config.nodeStuckMs ? 'stuck' : 'behind';
  }
}

/** The list of APIs that a node has loaded, as nothing or one. */
export const listsOf = ({ served }: NodeRecord): readonly string[] => (served === null ? [] : [served.apis.hash]);

const hashesOf = ({ apis, policies }: Generation): Hashes => ({ apis: apis.hash, policies: policies.hash });

const adviceFor = ({ toldAt }: NodeRecord, state: SyncState): string | null => {
  if (state !== 'stuck' || toldAt === null) return null;
  const since = new Date(toldAt).toISOString();
  return `Restart the gateway process: it was told to load at ${since} and has asked for nothing since, though it pings`;
};

/**
 * Nodes do not say their version when they register; the host manager asks them, and knows them by what it saw them load,
 * by name or by address.
 */
const versionOf = ({ id, hostname, address }: NodeRecord, reloads: readonly ReloadReport[]): string | null => {
  const known = reloads.find((report) => report.node === id);
  if (known !== undefined) return known.version;
  const others = reloads.filter((report) => report.node === null);
  const named = others.filter((report) => report.host === hostname);
  const candidates = named.length > 0 ? named : others.filter((report) => report.addresses.includes(address));
  const [first, ...more] = new Set(candidates.map(({ version }) => version));
  return first !== undefined && more.length === 0 ? first : null;
};
