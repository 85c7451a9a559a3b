import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '@castellan/rbac';
import { Route } from '../../http/route';
import { NodeStateService } from './node-state.service';
import { NodesReply } from './nodes.dto';
import { presentFleet } from './present';

@ApiTags('Nodes')
@Controller('admin/system/nodes')
export class OperatorNodesController {
  constructor(private readonly states: NodeStateService) {}

  @Route.get('', {
    access: OperatorOnly('List Nodes'),
    id: 'listAllNodes',
    summary: 'Every gateway: where it is, what it runs, and whether that is what it should run',
    description: 'Host names, addresses and what host managers report included.',
    reply: NodesReply,
  })
  async list(): Promise<NodesReply> {
    return { data: presentFleet(await this.states.fleet(), { places: true }) };
  }
}
