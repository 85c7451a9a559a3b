import type { ApiSummary } from '@castellan/persistence';
import { listParameters } from '../http/paging';
import { choice, flag, oneOf, presence, search, texts } from '../http/query/parameter';
import { RouteQuery, type Asked } from '../http/query/query';
import { listOrders } from './listing';
import { apiTypes, authTypeNamed } from './definition-facts';

const byName = {
  ...listParameters,
  q: search({ description: 'Part of the name, in upper or lower case' }),
};

/** The query of `GET /api/apis/search`. */
export const searchApisQuery = new RouteQuery(byName);

/** The query of `GET /api/apis`; `active` is Castellan's. */
export const listApisQuery = new RouteQuery({
  ...byName,
  sort: oneOf(listOrders, { description: 'The newest first when left out' }),
  category: texts({ description: 'Categories, comma-separated: APIs in any of them' }),
  auth_type: texts({ description: 'Ways to authenticate, comma-separated', example: 'keyless,authToken' }),
  api_type: oneOf(apiTypes, { description: 'Only APIs of this type' }),
  active: choice({ description: 'Only APIs that gateways serve, or only those that they do not' }),
  base_apis: presence({ description: 'No APIs that are versions of others' }),
  compressed: flag({ description: 'What a list shows, without the definitions' }),
});

type Wide = Asked<typeof listApisQuery>;

/** What a list is asked; a search asks for less. */
export type ApiSearch = Asked<typeof searchApisQuery> & Partial<Wide>;

/** Whether a row is one that the query looks for. */
export type Wanted = (row: ApiSummary) => boolean;

/**
 * What a query looks for; undefined when it takes everything.
 *
 * @param isVersion whether an API is a version of another one
 */
export const wantedBy = (query: Partial<Wide>, isVersion: Wanted): Wanted | undefined => {
  const part = (query.q ?? '').trim().toLowerCase();
  const { category: categories = [], api_type: type, active, base_apis: bases = false } = query;
  const authTypes = (query.auth_type ?? []).map(authTypeNamed);
  const rules: Wanted[] = [
    ...(part === '' ? [] : [({ nameKey }: ApiSummary) => nameKey.includes(part)]),
    ...(categories.length === 0 ? [] : [(row: ApiSummary) => row.categories.some(isAmong(categories))]),
    ...(authTypes.length === 0 ? [] : [(row: ApiSummary) => row.authTypes.some(isAmong(authTypes))]),
    ...(type === undefined ? [] : [({ apiTypes: types }: ApiSummary) => types.includes(type)]),
    ...(active === undefined ? [] : [(row: ApiSummary) => row.active === active]),
    ...(bases ? [(row: ApiSummary) => !isVersion(row)] : []),
  ];
  return rules.length === 0 ? undefined : (row) => rules.every((rule) => rule(row));
};

const isAmong =
  (values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);
