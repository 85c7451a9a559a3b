import { Controller, Res } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Clock, Health, Metrics } from '@castellan/observability';
import { Public } from '@castellan/rbac';
import { AnyParameters } from '../http/query/query';
import { Route } from '../http/route';
import { version } from './version';

class HealthDto {
  @ApiProperty({ enum: ['ok', 'error', 'starting', 'shutting_down', 'stopping', 'stopped'] })
  readonly status!: string;

  @ApiProperty({ type: 'object', additionalProperties: { enum: ['ok', 'error'], type: 'string' } })
  readonly checks!: Readonly<Record<string, string>>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'What is worth knowing and does not make the process unready: how far the analytics purger is behind, and a warning where keys are hashed with 32 bits',
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
  @AnyParameters()
  @Route.get('hello', {
    access: Public(),
    id: 'hello',
    summary: 'Whether the installation works, in Tyk’s shape',
    description: 'Always 200; `status` says how it is.',
    reply: HelloDto,
  })
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

  @AnyParameters()
  @Route.get('health/live', {
    access: Public(),
    id: 'live',
    summary: 'Whether the process runs',
    description: 'Whatever its databases do.',
    reply: HealthDto,
  })
  live(): HealthDto {
    return { status: 'ok', checks: {} };
  }

  @AnyParameters()
  @Route.get('health/ready', {
    access: Public(),
    id: 'ready',
    summary: 'Whether the process can serve requests now',
    description: 'A load balancer sends nothing here unless it is 200.',
    reply: HealthDto,
    refusal: HealthDto,
    errorsMean: { 503: 'It cannot; `checks` says why' },
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthDto> {
    const report = await this.health.readiness();
    void reply.status(report.status === 'ok' ? 200 : 503);
    return report;
  }

  @AnyParameters()
  @Route.get('metrics', {
    access: Public(),
    id: 'metrics',
    summary: 'Figures for Prometheus',
    description: 'In its text format.',
    reply: { schema: { type: 'string' } },
    produces: ['text/plain'],
  })
  async figures(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { contentType, body } = await this.metrics.text();
    void reply.header('content-type', contentType);
    return body;
  }
}
