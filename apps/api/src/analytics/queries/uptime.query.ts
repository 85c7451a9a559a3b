import { integer, text } from '../../http/query/parameter';
import { RouteQuery, type Asked } from '../../http/query/query';
import { zone } from './figures.query';

export const uptimeQuery = new RouteQuery({
  api_id: text({ description: 'Of one API, by its `api_id`', maxLength: 256 }),
  tz: zone,
  failures: integer({
    description: 'Failed checks in a row that make an outage; 1 when left out',
    minimum: 1,
    maximum: 100,
  }),
});

export type UptimeAsked = Asked<typeof uptimeQuery>;
