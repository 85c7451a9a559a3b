import { isZone } from '@castellan/analytics';
import { page } from '../../http/query/page';
import { oneOf, text, texts, WrongValue, type Parameter } from '../../http/query/parameter';
import { RouteQuery, type Asked } from '../../http/query/query';

const zoneText = text({
  description: 'Time zone in which days begin, by its name in the IANA database; UTC when left out',
  example: 'Europe/Berlin',
  maxLength: 64,
});

/** A zone that exists. */
export const zone: Parameter<string> = {
  ...zoneText,
  read: (given) => {
    const found = zoneText.read(given) ?? 'UTC';
    if (!isZone(found)) throw new WrongValue('must be the name of a time zone, such as Europe/Berlin');
    return found;
  },
};

const order = oneOf(['Hits', 'Success', 'Error', 'Latency'], {
  description: 'What lists are sorted by, in capitals or not; hits when left out',
});

/** What every question about figures may be narrowed and presented by. */
export const figuresQuery = new RouteQuery({
  api_id: text({ description: 'Of one API, by its `api_id`', maxLength: 256 }),
  api_version: text({ description: 'Of one version of it', example: 'Non Versioned', maxLength: 256 }),
  tags: texts({ description: 'Of requests that have one of these tags, comma-separated' }),
  p: page,
  res: oneOf(['minute', 'hour', 'day', 'week', 'month'], {
    description: 'Length of a row of a series; day when left out. Weeks begin on Mondays',
  }),
  tz: zone,
  // Two values that differ in case alone get the same name in generated clients, so the document has one of them.
  by: { ...order, read: (given) => order.read(given?.replace(/^[a-z]/, (letter) => letter.toUpperCase())) },
  sort: oneOf(['1', '-1'], { description: '1 begins with the least; with the most when left out' }),
  type: oneOf(['json', 'csv'], { description: 'Form of the reply; JSON when left out, unless `Accept` asks for CSV' }),
});

export type FiguresAsked = Asked<typeof figuresQuery>;
