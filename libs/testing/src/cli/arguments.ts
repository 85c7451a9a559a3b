import { parseArgs } from 'node:util';
import { isNodeProfile, nodeProfiles } from '../node-simulator/behaviour';
import type { NodeSimulatorOptions } from '../node-simulator/options';

export interface Simulation {
  /** One entry for each node. */
  readonly nodes: readonly NodeSimulatorOptions[];
  /** Print heartbeats and single fetches as well. */
  readonly verbose: boolean;
}

/** The command line makes no sense; the message lists every problem. */
export class UsageError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
  }
}

export const usage = `Plays Tyk gateways against a control plane.

  --url URL              the node plane; give several for replicas behind a load balancer (required)
  --secret SECRET        node secret (required)
  --gateway-secret S     secret of the nodes' own control API (required)
  --redis URL            Redis to listen to for signals; without it nodes hear none
  --nodes N              how many nodes, 1
  --profile NAME         generation to play: ${Object.keys(nodeProfiles).join(', ')}; v5
  --control-port PORT    port of the first node, the next ones follow; 0 takes free ones
  --hostname NAME        nodes are called NAME-1, NAME-2 …; simulated
  --tag TAG              segment the nodes; may be given several times
  --heartbeat MS         pause between heartbeats, 2000
  --tick MS              reload tick, 1000
  --insecure             accept unsigned signals
  --verbose              print heartbeats and fetches as well
  --help                 print this
`;

const options = {
  nodes: { type: 'string', default: '1' },
  url: { type: 'string', multiple: true },
  redis: { type: 'string' },
  secret: { type: 'string' },
  'gateway-secret': { type: 'string' },
  profile: { type: 'string', default: 'v5' },
  'control-port': { type: 'string', default: '0' },
  hostname: { type: 'string', default: 'simulated' },
  tag: { type: 'string', multiple: true },
  heartbeat: { type: 'string', default: '2000' },
  tick: { type: 'string', default: '1000' },
  insecure: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const parse = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
};

/**
 * @returns undefined when help was asked for
 * @throws UsageError
 */
export const parseArguments = (argv: readonly string[]): Simulation | undefined => {
  const values = parse(argv);
  if (values.help) return undefined;
  const problems: string[] = [];
  const required = (name: 'secret' | 'gateway-secret'): string => {
    const value = values[name] ?? '';
    if (value === '') problems.push(`--${name} is required`);
    return value;
  };
  const whole = (name: 'nodes' | 'control-port' | 'heartbeat' | 'tick', least: number, most: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`--${name} must be a whole number from ${least} to ${most}, not ${values[name]}`);
    return least;
  };
  const dashboardUrl = (values.url ?? []).map((url) => url.replace(/\/+$/, ''));
  if (dashboardUrl.length === 0) problems.push('--url is required');
  for (const url of dashboardUrl) if (!url.startsWith('http://')) problems.push(`--url must be http://, not ${url}`);
  const profile = isNodeProfile(values.profile) ? values.profile : undefined;
  if (profile === undefined) problems.push(`--profile must be one of ${Object.keys(nodeProfiles).join(', ')}`);
  const count = whole('nodes', 1, 1000);
  const firstPort = whole('control-port', 0, 65_535);
  const shared = {
    dashboardUrl,
    nodeSecret: required('secret'),
    gatewaySecret: required('gateway-secret'),
    ...(values.redis === undefined ? {} : { redisUrl: values.redis }),
    ...(profile === undefined ? {} : { profile }),
    ...(values.tag === undefined ? {} : { segmented: true, tags: values.tag }),
    heartbeatMs: whole('heartbeat', 1, 3_600_000),
    reloadTickMs: whole('tick', 1, 3_600_000),
    allowInsecureConfigs: values.insecure,
  };
  if (problems.length > 0) throw new UsageError(problems);
  const nodes = Array.from({ length: count }, (_, index) => ({
    ...shared,
    hostname: `${values.hostname}-${index + 1}`,
    controlPort: firstPort === 0 ? 0 : firstPort + index,
  }));
  return { nodes, verbose: values.verbose };
};
