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

/** A comma at the end is what clients send. */
const entriesOf = (list: string): readonly string[] => list.split(',').filter((entry) => entry !== '');

/** Who calls what, and how it goes. */
@ApiTags('Analytics')
@Controller('api/activity')
export class ActivityController {
  constructor(private readonly figures: FiguresService) {}

  @Route.get(`keys/${rangePath}`, figuresRoute('activityByKey', 'Activity - Keys', 'Requests by key'))
  async activityByKey(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['key']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `keys/:key/${rangePath}`,
    figuresRoute('activityOfKey', 'Activity - Key', 'Requests of one key over time', ['key']),
  )
  async activityOfKey(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('key') key: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.series(context, params, query, { filters: { key: [key] } });
    this.figures.send(reply, rows, query, false);
  }

  @Route.get(
    `keys/endpoint/:key/${rangePath}`,
    figuresRoute('endpointsOfKey', 'Activity - Key Endpoints', 'Requests of one key by endpoint', ['key']),
  )
  async endpointsOfKey(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('key') key: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['path', 'api'], { filters: { key: [key] } });
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `keys/aggregate/:keys/${rangePath}`,
    figuresRoute(
      'activityOfKeys',
      'Activity - Keys Aggregate',
      'Requests of several keys together over time; keys are comma-separated',
      ['keys'],
    ),
  )
  async activityOfKeys(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('keys') keys: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.series(context, params, query, { filters: { key: entriesOf(keys) } });
    this.figures.send(reply, rows, query, false);
  }

  @Route.get(
    `endpoint/${rangePath}`,
    figuresRoute('activityByEndpoint', 'Activity - Endpoints', 'Requests by endpoint'),
  )
  async activityByEndpoint(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['path', 'api']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `oauthid/${rangePath}`,
    figuresRoute('activityByOauthClient', 'Activity - OAuth Clients', 'Requests by OAuth client'),
  )
  async activityByOauthClient(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['oauth']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `oauthid/:client/${rangePath}`,
    figuresRoute('activityOfOauthClient', 'Activity - OAuth Client', 'Requests of one OAuth client over time', [
      'client',
    ]),
  )
  async activityOfOauthClient(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('client') client: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.series(context, params, query, { filters: { oauth: [client] } });
    this.figures.send(reply, rows, query, false);
  }

  @Route.get(
    `oauthid/endpoint/:client/${rangePath}`,
    figuresRoute(
      'endpointsOfOauthClient',
      'Activity - OAuth Client Endpoints',
      'Requests of one OAuth client by endpoint',
      ['client'],
    ),
  )
  async endpointsOfOauthClient(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Param('client') client: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['path', 'api'], { filters: { oauth: [client] } });
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(`geo/${rangePath}`, figuresRoute('activityByCountry', 'Activity - Geo', 'Requests by country'))
  async activityByCountry(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['country']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `errors/${rangePath}`,
    figuresRoute('activityByError', 'Activity - Errors by Code', 'Errors by response code'),
  )
  async activityByError(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['code'], { errorsOnly: true });
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `tags/${rangePath}`,
    figuresRoute('activityByTag', 'Activity - Tags', 'Requests by tag; a request with two tags counts for both'),
  )
  async activityByTag(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['tag']);
    this.figures.send(reply, rows, query, true);
  }

  @Route.get(
    `versions/${rangePath}`,
    figuresRoute('activityByVersion', 'Activity - Versions', 'Requests by API and version'),
  )
  async activityByVersion(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(figuresQuery) query: FiguresAsked,
    @Param() params: RangeParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rows = await this.figures.list(context, params, query, ['api', 'version']);
    this.figures.send(reply, rows, query, true);
  }
}
