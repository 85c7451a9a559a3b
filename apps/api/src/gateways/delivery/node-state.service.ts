import { Injectable } from '@nestjs/common';
import { Clock } from '@castellan/observability';
import { NodeRegistry, type NodeRecord } from './node-registry';
import { ReloadReports, type ReloadReport } from './reload-reports';
import { SnapshotService } from './snapshot.service';

/** Nodes beat every two seconds; one that was silent for longer than this is taken for gone or cut off, in milliseconds. */
const silentAfterMs = 15_000;

/**
 * `in_sync`: what the node last loaded has the hash of what it should run (promise 5). `behind`: it has another one, or
 * has loaded nothing. `silent`: its heartbeat stopped, and nothing can be said of it.
 */
export type SyncState = 'in_sync' | 'behind' | 'silent';

export interface Hashes {
  readonly apis: string;
  readonly policies: string;
}

export interface NodeState extends NodeRecord {
  readonly state: SyncState;
  readonly expected: Hashes;
  /** From the host manager, where the node is one of those it looks after. */
  readonly version: string | null;
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
    private readonly snapshots: SnapshotService,
    private readonly reports: ReloadReports,
    private readonly clock: Clock,
  ) {}

  async fleet(): Promise<FleetState> {
    const [snapshot, records, reloads] = await Promise.all([
      this.snapshots.current(),
      this.registry.all(),
      this.reports.all(),
    ]);
    const expected = { apis: snapshot.apis.hash, policies: snapshot.policies.hash };
    const now = this.clock.millis();
    const nodes = records.map((record) => ({
      ...record,
      expected,
      state: stateOf(record, expected, now),
      version: versionOf(record, reloads),
    }));
    return { expected, nodes, reloads };
  }
}

const stateOf = ({ served, lastSeen }: NodeRecord, expected: Hashes, now: number): SyncState => {
  if (now - lastSeen > silentAfterMs) return 'silent';
  return served?.apis === expected.apis && served.policies === expected.policies ? 'in_sync' : 'behind';
};

/** Nodes do not say their version when they register; the host manager asks them, and knows them by name or address. */
const versionOf = ({ hostname, address }: NodeRecord, reloads: readonly ReloadReport[]): string | null => {
  const named = reloads.filter((report) => report.host === hostname);
  const candidates = named.length > 0 ? named : reloads.filter((report) => report.addresses.includes(address));
  const [first, ...others] = new Set(candidates.map(({ version }) => version));
  return first !== undefined && others.length === 0 ? first : null;
};
