import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { Route } from '../../http/route';
import { NodeStateService } from './node-state.service';
import { NodesReply } from './nodes.dto';
import { presentFleet } from './present';

@ApiTags('Nodes')
@Controller('api/system/nodes')
export class NodesController {
  constructor(private readonly states: NodeStateService) {}

  /** Every node serves every organisation, so all are shown; where they are is for the operator to know. */
  @Route.get('', {
    access: Requires('system', 'read', 'List Nodes'),
    id: 'listNodes',
    summary: 'Every gateway that serves the organisation: whether it runs what it should run',
    description: 'Host names, addresses and reports of host managers are empty here; the operator sees them.',
    reply: NodesReply,
  })
  async list(): Promise<NodesReply> {
    return { data: presentFleet(await this.states.fleet(), { places: false }) };
  }
}
