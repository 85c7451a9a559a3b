import { AnyUser } from '@castellan/rbac';
import type { RouteOf } from '../../http/route';
import { FigureListDto } from './figure.dto';
import { rangeParams } from './range';

/** Both rights open these routes; what `owned_analytics` shows is less, which the service sees to. */
export const figuresRoute = (id: string, action: string, summary: string, params: readonly string[] = []): RouteOf => ({
  access: AnyUser(action),
  id,
  summary,
  description:
    'Needs `analytics`, or `owned_analytics` for the APIs that the user owns. Both days belong to the time asked for.',
  params: [...params.map((name) => ({ name })), ...rangeParams],
  reply: FigureListDto,
  produces: ['application/json', 'text/csv'],
  errors: [403],
});
