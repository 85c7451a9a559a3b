import { type NodeBehaviour, type NodeProfile, nodeProfiles } from './behaviour';
import type { SignalSource } from './signals';

export interface NodeSimulatorOptions {
  /** Where the node plane is. Several addresses stand for a load balancer in front of replicas: calls take turns. */
  readonly dashboardUrl: string | readonly string[];
  /** `node_secret`: sent with every call, and the key of signal signatures. */
  readonly nodeSecret: string;
  /** `secret`: what the node's own control API asks for. */
  readonly gatewaySecret: string;
  /** Redis whose `tyk.cluster.notifications` channel the node listens to. Without it and `signals`, it hears none. */
  readonly redisUrl?: string;
  /** Takes the place of `redisUrl`. The simulator closes it when it stops. */
  readonly signals?: SignalSource;
  readonly hostname?: string;
  /** Reported by `/hello`. */
  readonly version?: string;
  /** The generation of gateway to play; `v5` when absent. */
  readonly profile?: NodeProfile;
  /** Single departures from the profile. */
  readonly behaviour?: Partial<NodeBehaviour>;
  /** Port of the control API and of traffic on 127.0.0.1; 0 or absent takes a free one. */
  readonly controlPort?: number;
  /** `allow_insecure_configs`: accept signals without checking their signature. */
  readonly allowInsecureConfigs?: boolean;
  /** `node_is_segmented`: load only APIs that carry one of `tags`. */
  readonly segmented?: boolean;
  readonly tags?: readonly string[];
  /** `allow_explicit_policy_id`: a policy's own `id` wins over its `_id`; on unless said otherwise. */
  readonly allowExplicitPolicyId?: boolean;
  /** `enable_custom_domains`: an API with a domain answers on that domain only; on unless said otherwise. */
  readonly customDomains?: boolean;
  /** Pause between two heartbeats, 2000. This and all that follow are milliseconds. */
  readonly heartbeatMs?: number;
  /** Reloads asked for within one tick are done as one, 1000. */
  readonly reloadTickMs?: number;
  /** Pause before a failed registration is tried again, 5000. */
  readonly registerRetryMs?: number;
  /** Pause between leaving and registering when a refused fetch makes the node log in again, 5000. */
  readonly reloginDelayMs?: number;
  /** First pause of the start-up back-off, which doubles up to `startRetryMaxMs`; 5000. */
  readonly startRetryMs?: number;
  /** 60000. */
  readonly startRetryMaxMs?: number;
  /** Interval of the health probe, which pings as well, 10000; 0 switches it off. */
  readonly healthCheckMs?: number;
  /** Time limit of one call to the dashboard, 30000. */
  readonly requestTimeoutMs?: number;
  /** Pause before a lost subscription is tried again, 10000. */
  readonly signalRetryMs?: number;
  /** How late the node subscribes; 0, where a real 3.1.3 takes about 10000 (docs/tyk/signals.md#timing). */
  readonly signalDelayMs?: number;
}

type Chosen = 'dashboardUrl' | 'redisUrl' | 'signals' | 'profile' | 'behaviour';

/** The options with every default filled in. */
export type NodeSettings = Required<Omit<NodeSimulatorOptions, Chosen>> & {
  readonly dashboardUrls: readonly string[];
  readonly profile: NodeProfile;
  readonly behaviour: NodeBehaviour;
};

const versions: Readonly<Record<NodeProfile, string>> = {
  v3: 'v3.1.3',
  'v5.2': 'v5.2.5',
  v5: 'v5.9.2',
  'v5.14': 'v5.14.0',
};

/** @throws Error for a dashboard address that is missing or not plain http */
export const settingsOf = (options: NodeSimulatorOptions): NodeSettings => {
  const { dashboardUrl, profile = 'v5', behaviour } = options;
  const dashboardUrls = typeof dashboardUrl === 'string' ? [dashboardUrl] : dashboardUrl;
  const unusable = dashboardUrls.find((url) => !url.startsWith('http://'));
  if (unusable !== undefined) throw new Error(`The dashboard's address must start with http://, not ${unusable}`);
  if (dashboardUrls.length === 0) throw new Error('A node needs the address of a dashboard');
  return {
    hostname: 'simulated-node',
    version: versions[profile],
    controlPort: 0,
    allowInsecureConfigs: false,
    segmented: false,
    tags: [],
    allowExplicitPolicyId: true,
    customDomains: true,
    heartbeatMs: 2000,
    reloadTickMs: 1000,
    registerRetryMs: 5000,
    reloginDelayMs: 5000,
    startRetryMs: 5000,
    startRetryMaxMs: 60_000,
    healthCheckMs: 10_000,
    requestTimeoutMs: 30_000,
    signalRetryMs: 10_000,
    signalDelayMs: 0,
    ...options,
    dashboardUrls,
    profile,
    behaviour: { ...nodeProfiles[profile], ...behaviour },
  };
};
