import { Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AskedFor } from '../../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { figuresRoute } from './figures-route';
import { figuresQuery, type FiguresAsked } from './figures.query';
import { FiguresService } from './figures.service';
import { rangePath, type RangeParams } from './range';

/** How much is called. */
@ApiTags('Analytics')
@Controller('api/usage')
export class UsageController {
  constructor(private readonly figures: FiguresService) {}

  @Route.get(rangePath, figuresRoute('usage', 'Activity - Average Usage', 'Requests over time'))
  async usage(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.series(context, params, query);
    this.figures.send(reply, rows, query, false);
  }

  @Route.get(`apis/${rangePath}`, figuresRoute('usageByApi', 'Activity - Usage by API', 'Requests by API'))
  async usageByApi(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['api']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `apis/:api/${rangePath}`,
    figuresRoute('usageOfApi', 'Activity - Usage of API', 'Requests to one API, by version', ['api']),
  )
  async usageOfApi(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('api') api: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['api', 'version'], { filters: { api: [api] } });
    this.figures.send(reply, rows, query, true);
  }
}

/** How much fails. */
@ApiTags('Analytics')
@Controller('api/errors')
export class ErrorCountController {
  constructor(private readonly figures: FiguresService) {}

  @Route.get(
    `count/${rangePath}`,
    figuresRoute('errorCount', 'Activity - Errors', 'Errors over time: hits of these rows are errors'),
  )
  async errorCount(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.series(context, params, query, { errorsOnly: true });
    this.figures.send(reply, rows, query, false);
  }
}
