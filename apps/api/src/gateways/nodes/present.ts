import type { NodeRecord } from '@castellan/delivery';
import type { FleetState, NodeState } from './node-state.service';
import type { NodeDto, NodesData } from './nodes.dto';

/** There is no licence and so no end to the nodes; clients that ask how many are left get the largest number they can hold. */
const unlimited = 2_147_483_647;

const isoOf = (millis: number): string => new Date(millis).toISOString();

/**
 * The nodes as a reply.
 *
 * @param places whether it tells where gateways are, as for the operator; otherwise those fields are empty
 */
export const presentFleet = (
  { nodes, expected, reloads }: FleetState,
  { places }: { readonly places: boolean },
): NodesData => ({
  nodes: nodes.map((node) => present(node, places)),
  active_node_count: nodes.filter(({ state }) => state !== 'silent').length,
  nodes_available: unlimited,
  nodes_remaining: unlimited,
  valid_until: '9999-12-31T23:59:59Z',
  expected,
  reloads: places ? [...reloads] : [],
});

const present = (node: NodeState, places: boolean): NodeDto => ({
  id: node.id,
  hostname: places ? node.hostname : '',
  address: places ? node.address : '',
  version: node.version,
  registered_at: isoOf(node.registeredAt),
  last_seen: isoOf(node.lastSeen),
  served: hashesOf(node.served),
  served_at: node.served === null ? null : isoOf(node.served.at),
  expected: node.expected,
  state: node.state,
  in_sync: node.state === 'in_sync',
  advice: node.advice,
});

const hashesOf = (served: NodeRecord['served']): NodeDto['served'] =>
  served === null ? null : { apis: served.apis.hash, policies: served.policies.hash };
