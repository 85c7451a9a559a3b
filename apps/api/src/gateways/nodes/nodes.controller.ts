import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { NodeStateService } from './node-state.service';
import { NodesReply } from './nodes.dto';
import { presentFleet } from './present';

@ApiTags('Nodes')
@Controller('api/system/nodes')
export class NodesController {
  constructor(private readonly states: NodeStateService) {}

  /** Where they are is for the operator to know. */
  @Route.get('', {
    access: Requires('system', 'read', 'List Nodes'),
    id: 'listNodes',
    summary: 'The gateways that serve the organisation: whether each runs what it should run',
    description:
      'Those that were last served an API of the organisation, or are to be. Host names, addresses and reports of host managers are empty here; the operator sees them.',
    reply: NodesReply,
  })
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<NodesReply> {
    return { data: presentFleet(await this.states.fleetOf(organisation), { places: false }) };
  }
}
