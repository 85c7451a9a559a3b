import type { DashboardClient } from './dashboard-client';
import type { NodeEventDetail } from './events';
import type { NodeIdentity } from './identity';
import type { NodeSettings } from './options';

/** What the parts of one simulated node share. */
export interface NodeContext {
  readonly settings: NodeSettings;
  /** Pause between two pings at this moment, in milliseconds. */
  readonly heartbeatMs: () => number;
  readonly identity: NodeIdentity;
  readonly client: DashboardClient;
  readonly log: (event: NodeEventDetail) => void;
  /** Aborted when the node stops or is killed. */
  readonly stopping: AbortSignal;
}
