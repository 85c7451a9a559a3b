import { describeEvent, type NodeEvent, type NodeEventType } from '../node-simulator/events';
import { NodeSimulator } from '../node-simulator/node-simulator';
import type { Simulation } from './arguments';

/** Steps that every reload and heartbeat goes through; of interest when something is wrong. */
const routine: ReadonlySet<NodeEventType> = new Set<NodeEventType>([
  'pinged',
  'fetch-started',
  'fetch-finished',
  'reload-queued',
  'signal-accepted',
]);

const lineOf = (hostname: string, event: NodeEvent): string =>
  `${new Date(event.at).toISOString().slice(11, 23)}  ${hostname}  ${describeEvent(event)}`;

export interface RunningSimulation {
  readonly nodes: readonly NodeSimulator[];
  /** Settles when every node has started; a node that cannot start is reported and does not stop the others. */
  readonly started: Promise<void>;
  /** Deregisters and stops every node. */
  stop(): Promise<void>;
}

/** Starts the nodes and writes one line for each event. */
export const runSimulation = (
  { nodes: settings, verbose }: Simulation,
  write: (line: string) => void,
): RunningSimulation => {
  const nodes = settings.map((each) => new NodeSimulator(each));
  const start = async (node: NodeSimulator): Promise<void> => {
    const { hostname } = node.settings;
    node.on('event', (event) => {
      if (verbose || !routine.has(event.type)) write(lineOf(hostname, event));
    });
    try {
      await node.start();
    } catch (error) {
      write(`${hostname} cannot start: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    nodes,
    started: Promise.all(nodes.map(start)).then(() => undefined),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
};
