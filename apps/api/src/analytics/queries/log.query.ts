import { integer, oneOf, required, search, text, texts, flag } from '../../http/query/parameter';
import { page } from '../../http/query/page';
import { RouteQuery, type Asked } from '../../http/query/query';

const seconds = { minimum: -2_147_483_647, maximum: 2_147_483_647 };

/** What the log of requests may be searched by. Texts are compared as they are: none of them is a pattern. */
export const logQuery = new RouteQuery(
  {
    start: required(integer({ description: 'First second, in seconds since 1970', example: 1795663408, ...seconds })),
    end: required(integer({ description: 'Last second, in seconds since 1970', example: 1795667008, ...seconds })),
    p: page,
    cursor: text({
      description: 'Where to go on: `next` of the reply before. Takes the place of `p`, and is as fast at any depth',
      pattern: /^[0-9]{1,16}-[0-9a-f]{24}$/,
      looks: 'what a reply gave as next',
    }),
    errors: flag({ description: 'Only those answered 400 or above' }),
    api: text({ description: 'Of one API, by its `api_id`', maxLength: 256 }),
    key: text({ description: 'Of one key, by its hash', maxLength: 256 }),
    path: search({ description: 'Whose path begins so' }),
    method: text({ description: 'HTTP method', example: 'GET', pattern: /^[A-Za-z]{1,16}$/, looks: 'an HTTP method' }),
    status: integer({ description: 'Response code', example: 403, minimum: 0, maximum: 999 }),
    ip: text({
      description: 'Address of the caller, in any spelling',
      maxLength: 64,
      pattern: /^[^/]*$/,
      looks: 'one address, and no network',
    }),
    tag: text({ description: 'That has this tag', maxLength: 256 }),
    alias: text({ description: 'Of keys with this alias', maxLength: 256 }),
    api_version: text({ description: 'Of one version', maxLength: 256 }),
    tags: texts({ description: 'That have one of these tags, comma-separated' }),
    type: oneOf(['json', 'csv'], { description: 'Form of the reply; JSON when left out' }),
  },
  { by: 'type', value: 'csv' },
);

export type LogAsked = Asked<typeof logQuery>;
