import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { Route } from '../../http/route';
import { NodeStateService, type Hashes, type NodeState } from '../delivery/node-state.service';
import { NodeDto, NodesReply } from './node.dto';

/** There is no licence and so no end to the nodes; clients that ask how many are left get the largest number they can hold. */
const unlimited = 2_147_483_647;

const isoOf = (millis: number): string => new Date(millis).toISOString();

@ApiTags('Nodes')
@Controller('api/system/nodes')
export class NodesController {
  constructor(private readonly states: NodeStateService) {}

  @Route.get('', {
    access: Requires('system', 'read', 'List Nodes'),
    id: 'listNodes',
    summary: 'Every gateway: what it runs, and whether that is what it should run',
    reply: NodesReply,
  })
  async list(): Promise<NodesReply> {
    const { nodes, expected, reloads } = await this.states.fleet();
    return {
      data: {
        nodes: nodes.map((node) => present(node, expected)),
        active_node_count: nodes.filter(({ state }) => state !== 'silent').length,
        nodes_available: unlimited,
        nodes_remaining: unlimited,
        valid_until: '9999-12-31T23:59:59Z',
        expected,
        reloads: [...reloads],
      },
    };
  }
}

const present = (node: NodeState, expected: Hashes): NodeDto => ({
  id: node.id,
  hostname: node.hostname,
  address: node.address,
  version: node.version,
  registered_at: isoOf(node.registeredAt),
  last_seen: isoOf(node.lastSeen),
  served: node.served === null ? null : { apis: node.served.apis, policies: node.served.policies },
  served_at: node.served === null ? null : isoOf(node.served.at),
  expected,
  state: node.state,
  in_sync: node.state === 'in_sync',
});
