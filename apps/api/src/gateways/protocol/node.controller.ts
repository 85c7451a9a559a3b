import { Body, Controller, Delete, Get, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import {
  ApiForbiddenResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorReply } from '@castellan/dto';
import { LOGGER, type Logger } from '@castellan/observability';
import { NodeOnly } from '@castellan/rbac';
import { NodeListReply, NodeReply, QuotaTriggerDto, RegistrationReply } from './node.dto';
import { NodeService } from './node.service';

const json = 'application/json';

/** The plane that gateways speak. Replies are written as text, because their exact form is what gateways decode. */
@ApiTags('Nodes')
@ApiUnauthorizedResponse({ type: ErrorReply, description: 'The node secret is wrong' })
@ApiForbiddenResponse({ type: ErrorReply, description: 'The node has left; with strict nonces, it was not recognised' })
@ApiServiceUnavailableResponse({ type: ErrorReply, description: 'The node keeps what it has' })
@Controller()
export class NodeController {
  constructor(
    private readonly nodes: NodeService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get('register/node')
  @NodeOnly('Register node')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'registerNode', summary: 'Give a gateway an id and its first nonce' })
  @ApiOkResponse({ type: RegistrationReply })
  async register(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.register(request);
  }

  @Get('register/ping')
  @NodeOnly('Ping')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'pingNode', summary: 'Heartbeat of a gateway, every two seconds' })
  @ApiOkResponse({ type: NodeReply })
  async ping(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.ping(request);
  }

  @Get('system/policies')
  @NodeOnly('Load policies')
  @ApiOperation({ operationId: 'nodePolicies', summary: 'Every active policy, as gateways read them' })
  @ApiOkResponse({ type: NodeListReply })
  async policies(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.nodes.sendList('policies', request, reply);
  }

  @Get('system/apis')
  @NodeOnly('Load APIs')
  @ApiOperation({ operationId: 'nodeApis', summary: 'Every active API definition, as gateways read them' })
  @ApiOkResponse({ type: NodeListReply })
  async apis(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.nodes.sendList('apis', request, reply);
  }

  /** Only the newest gateways ask; there are no identity providers to tell them of yet. */
  @Get('system/clientidps')
  @NodeOnly('Load client identity providers')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'nodeClientIdps', summary: 'Client identity providers' })
  @ApiOkResponse({ type: NodeListReply })
  async clientIdps(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.list([], request);
  }

  @Delete('system/node')
  @NodeOnly('Deregister node')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'deregisterNode', summary: 'A gateway shuts down' })
  @ApiOkResponse({ type: NodeReply })
  async deregister(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.deregister(request);
  }

  @Get('system/node')
  @NodeOnly('Deregister node')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'deregisterOldNode', summary: 'A gateway of the 3.x line shuts down' })
  @ApiOkResponse({ type: NodeReply })
  async deregisterOld(@Req() request: FastifyRequest): Promise<string> {
    return this.nodes.deregister(request);
  }

  @Post('system/key/quota_trigger')
  @HttpCode(200)
  @NodeOnly('Quota trigger')
  @Header('content-type', json)
  @ApiOperation({ operationId: 'quotaTrigger', summary: 'A key has passed a threshold of its quota' })
  @ApiOkResponse({ type: NodeReply })
  async quotaTrigger(@Req() request: FastifyRequest, @Body() trigger: QuotaTriggerDto): Promise<string> {
    const reply = await this.nodes.quotaTrigger(request);
    const { org_id: organisation, key, trigger_limit: limit, usage_percentage: usage } = trigger;
    this.logger.warn({ organisation, key, limit, usage }, 'A key has passed a threshold of its quota');
    return reply;
  }
}
