import { Controller, Param, Res, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AnyUser } from '@castellan/rbac';
import { AskedFor } from '../../http/query/query';
import { SpanRequest, type SpanContext } from '../../http/request-context';
import { Route, type RouteOf } from '../../http/route';
import { FigureListDto } from './figure.dto';
import { figuresQuery, type FiguresAsked } from './figures.query';
import { FiguresService } from './figures.service';
import { rangeParams, rangePath, type RangeParams } from './range';
import type { DimensionName, Filters } from './question';

/** A question about figures that has a path of its own. */
export interface FiguresRoute {
  /** Below the controller's, before the days. */
  readonly path: string;
  /** Name of the operation. */
  readonly id: string;
  /** As the audit log calls it. */
  readonly action: string;
  readonly summary: string;
  /** A row for each value of these; without them the rows are stretches of time. */
  readonly by?: readonly DimensionName[];
  /** What the value in the path narrows it to: of one, or of several with commas between them. */
  readonly of?: DimensionName & ('api' | 'key' | 'oauth');
  readonly errorsOnly?: true;
}

type Parameters = RangeParams & Readonly<Record<string, string>>;

/** What a controller of such routes has. */
interface Answering {
  readonly figures: FiguresService;
}

/** A controller whose routes are the rows of a table: they differ in what is asked, and in nothing else. */
export const figuresController = (prefix: string, routes: readonly FiguresRoute[]): Type => {
  @ApiTags('Analytics')
  @Controller(prefix)
  class FiguresController implements Answering {
    constructor(readonly figures: FiguresService) {}
  }
  for (const route of routes) addRoute(FiguresController.prototype, route);
  return FiguresController;
};

const addRoute = (prototype: object, route: FiguresRoute): void => {
  const { id } = route;
  const descriptor = { value: handlerOf(route), writable: true, configurable: true };
  Object.defineProperty(prototype, id, descriptor);
  const parameters = [SpanRequest(), AskedFor(figuresQuery), Param(), Res()];
  for (const [index, parameter] of parameters.entries()) parameter(prototype, id, index);
  // As a compiler says it of a method with decorators: Nest warns of handlers whose types nobody has named.
  Reflect.defineMetadata(
    'design:paramtypes',
    parameters.map(() => Object),
    prototype,
    id,
  );
  Route.get([route.path, rangePath].filter((part) => part !== '').join('/'), describe(route))(
    prototype,
    id,
    descriptor,
  );
};

/** A method by the name of the operation, which Swagger looks for. */
const handlerOf = (route: FiguresRoute): unknown => {
  const { id, by, errorsOnly = false } = route;
  const methods = {
    async [id](
      this: Answering,
      context: SpanContext,
      query: FiguresAsked,
      params: Parameters,
      reply: FastifyReply,
    ): Promise<void> {
      const wanted = { filters: filtersOf(route, params), errorsOnly };
      const figures =
        by === undefined
          ? await this.figures.series(context, params, query, wanted)
          : await this.figures.list(context, params, query, by, wanted);
      this.figures.send(reply, figures, query);
    },
  };
  return methods[id];
};

const namesIn = (path: string): readonly string[] => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);

/** A comma at the end is what clients send; a path that says so in the plural takes several. */
const filtersOf = ({ path, of }: FiguresRoute, params: Parameters): Filters => {
  const [name] = namesIn(path);
  if (of === undefined || name === undefined) return {};
  const value = params[name] ?? '';
  return { [of]: name.endsWith('s') ? value.split(',').filter((entry) => entry !== '') : [value] };
};

/** What stands in a path beside the days. */
const whose: Readonly<Record<string, string>> = {
  api: 'Id of the API',
  key: 'Hash of the key',
  keys: 'Hashes of keys, comma-separated',
  client: 'Id of the OAuth client',
};

/** Both rights open these routes; what `owned_analytics` shows is less, which the service sees to. */
const describe = ({ path, id, action, summary }: FiguresRoute): RouteOf => ({
  access: AnyUser(action),
  id,
  summary,
  description:
    'Needs `analytics`, or `owned_analytics` for the APIs that the user owns. Both days belong to the time asked for.',
  params: [...namesIn(path).map((name) => ({ name, description: whose[name] ?? '', type: String })), ...rangeParams],
  reply: FigureListDto,
  produces: ['application/json', 'text/csv'],
  everywhere: true,
  errors: [403],
});
