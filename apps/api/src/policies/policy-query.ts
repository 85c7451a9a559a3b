import { oneOf, presence, search, text, texts } from '../http/query/parameter';
import { listParameters } from '../http/paging';
import { RouteQuery, type Asked } from '../http/query/query';

/** The orders that lists may be in (`GET /api/portal/policies/search` of Tyk), and their reverses. */
const policyOrders = ['date_created', '-date_created', 'name', '-name', 'state', '-state'] as const;
export type PolicyOrder = (typeof policyOrders)[number];

/** Which policies of a list; what is left out does not restrict. */
export const policyQuery = new RouteQuery({
  ...listParameters,
  // A form that leaves it empty asks for all of them.
  active: { ...presence({ description: 'Only active policies' }), read: (given = '') => given !== '' },
  q: search({ description: 'An id, or part of a name' }),
  policy_ids: texts({ description: 'Ids, comma-separated' }),
  api_id: texts({ description: '`api_id`s, comma-separated: policies for any of them' }),
  state: oneOf(['active', 'draft', 'deny'], { description: 'The value of `state`' }),
  auth_type: text({ description: 'The value of `auth_type`, or one of `auth_types`', maxLength: 64 }),
  sort: oneOf(policyOrders, { description: 'The newest first when left out' }),
});

export type PolicySearch = Asked<typeof policyQuery>;
