import { Body, Controller, Header, Inject, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type Logger } from '@castellan/observability';
import { NodeOnly } from '@castellan/rbac';
import { Route } from '../../http/route';
import { NodeListReply, NodeReply, QuotaTriggerDto, RegistrationReply } from './node.dto';
import { NodeService } from './node.service';

const json = 'application/json';

const errorsMean = {
  401: 'The node secret is wrong',
  403: 'The node has left; with strict nonces, it was not recognised',
  503: 'The node keeps what it has',
} as const;

/** The plane that gateways speak. Replies are written as text, because their exact form is what gateways decode. */
@ApiTags('Gateway protocol')
@Controller()
export class NodeController {
  constructor(
    private readonly nodes: NodeService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Route.get('register/node', {
    access: NodeOnly('Register node'),
    id: 'registerNode',
    summary: 'Give a gateway an id and its first nonce',
    description: 'The headers `x-tyk-hostname`, and later `x-tyk-nodeid` and `x-tyk-nonce`, say which gateway it is.',
    reply: RegistrationReply,
    errorsMean,
  })
  @Header('content-type', json)
  async register(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.register(request);
  }

  @Route.get('register/ping', {
    access: NodeOnly('Ping'),
    id: 'pingNode',
    summary: 'Heartbeat of a gateway',
    description: 'Every two seconds. A gateway that gets 403 registers again.',
    reply: NodeReply,
    errorsMean,
  })
  @Header('content-type', json)
  async ping(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.ping(request);
  }

  @Route.get('system/policies', {
    access: NodeOnly('Load policies'),
    id: 'nodePolicies',
    summary: 'Every active policy, as gateways read them',
    description: 'Those of all organisations; an inactive one that belongs to nobody when there is none.',
    reply: NodeListReply,
    errorsMean,
  })
  async policies(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.nodes.sendList('policies', request, reply);
  }

  @Route.get('system/apis', {
    access: NodeOnly('Load APIs'),
    id: 'nodeApis',
    summary: 'Every active API definition, as gateways read them',
    description: 'Those of all organisations.',
    reply: NodeListReply,
    errorsMean,
  })
  async apis(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.nodes.sendList('apis', request, reply);
  }

  /** Only the newest gateways ask; there are no identity providers to tell them of yet. */
  @Route.get('system/clientidps', {
    access: NodeOnly('Load client identity providers'),
    id: 'nodeClientIdps',
    summary: 'Client identity providers',
    description: 'Always empty. Only the newest gateways ask.',
    reply: NodeListReply,
    errorsMean,
  })
  @Header('content-type', json)
  async clientIdps(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.list([], request);
  }

  @Route.delete('system/node', {
    access: NodeOnly('Deregister node'),
    id: 'deregisterNode',
    summary: 'A gateway shuts down',
    description: 'From then on its pings are answered 403.',
    reply: NodeReply,
    errorsMean,
  })
  @Header('content-type', json)
  async deregister(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.deregister(request);
  }

  @Route.get('system/node', {
    access: NodeOnly('Deregister node'),
    id: 'deregisterOldNode',
    summary: 'A gateway of the 3.x line shuts down',
    description: 'The same as the DELETE of newer ones.',
    reply: NodeReply,
    errorsMean,
  })
  @Header('content-type', json)
  async deregisterOld(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.deregister(request);
  }

  @Route.post('system/key/quota_trigger', {
    access: NodeOnly('Quota trigger'),
    id: 'quotaTrigger',
    summary: 'A key has passed a threshold of its quota',
    description: 'It is written to the log.',
    body: QuotaTriggerDto,
    example: { org_id: '54b53d3aeba6db5c35000002', key: 'a1b2c3d4', trigger_limit: 80, usage_percentage: 81.5 },
    reply: NodeReply,
    errorsMean,
  })
  @Header('content-type', json)
  async quotaTrigger(@Req() request: FastifyRequest, @Body() trigger: QuotaTriggerDto): Promise<string> {
    const reply = await this.nodes.quotaTrigger(request);
    const { org_id: organisation, key, trigger_limit: limit, usage_percentage: usage } = trigger;
    this.logger.warn({ organisation, key, limit, usage }, 'A key has passed a threshold of its quota');
    return reply;
  }
}
