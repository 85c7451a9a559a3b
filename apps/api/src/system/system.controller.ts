import { Controller, Get, Res } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Clock, Health, Metrics } from '@castellan/observability';
import { Public } from '@castellan/rbac';
import { version } from './version';

class HealthDto {
  @ApiProperty({ enum: ['ok', 'error', 'starting', 'shutting_down', 'stopping', 'stopped'] })
  readonly status!: string;

  @ApiProperty({ type: 'object', additionalProperties: { enum: ['ok', 'error'], type: 'string' } })
  readonly checks!: Readonly<Record<string, string>>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'What is worth knowing and does not make the process unready: how far the analytics purger is behind',
  })
  readonly details?: Readonly<Record<string, unknown>>;
}

class HelloDto {
  @ApiProperty({ enum: ['pass', 'fail'] })
  readonly status!: string;

  @ApiProperty({ example: version })
  readonly version!: string;

  @ApiProperty({ example: 'Castellan' })
  readonly description!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly details!: Readonly<Record<string, unknown>>;
}

/** What load balancers, scripts and Prometheus ask. */
@ApiTags('System')
@Controller()
export class SystemController {
  constructor(
    private readonly health: Health,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /**
   * In the shape of Tyk's own `/hello`, which bootstrap scripts wait for (docs/tyk/signals.md#control-api,
   * docs/tyk/clients.md#bootstrap-scripts). HEAD works too.
   */
  @Get('hello')
  @Public()
  @ApiOperation({ operationId: 'hello', summary: 'Whether the installation works, in Tyk’s shape' })
  @ApiOkResponse({ type: HelloDto })
  async hello(): Promise<HelloDto> {
    const { checks, status } = await this.health.readiness();
    const time = this.clock.now().toISOString();
    const details = Object.entries(checks).map(([name, result]) => [
      name,
      { status: result === 'ok' ? 'pass' : 'fail', componentType: 'datastore', time },
    ]);
    return {
      status: status === 'error' ? 'fail' : 'pass',
      version,
      description: 'Castellan',
      details: Object.fromEntries(details) as Record<string, unknown>,
    };
  }

  @Get('health/live')
  @Public()
  @ApiOperation({ operationId: 'live', summary: 'Whether the process runs' })
  @ApiOkResponse({ type: HealthDto })
  live(): HealthDto {
    return { status: 'ok', checks: {} };
  }

  @Get('health/ready')
  @Public()
  @ApiOperation({ operationId: 'ready', summary: 'Whether the process can serve requests now' })
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthDto> {
    const report = await this.health.readiness();
    void reply.status(report.status === 'ok' ? 200 : 503);
    return report;
  }

  @Get('metrics')
  @Public()
  @ApiOperation({ operationId: 'metrics', summary: 'Figures for Prometheus' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  async figures(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { contentType, body } = await this.metrics.text();
    void reply.header('content-type', contentType);
    return body;
  }
}
