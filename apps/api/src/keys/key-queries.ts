import { listParameters } from '../http/paging';
import { moment } from '../http/query/moment';
import { choice, flag, narrowing, presence, search } from '../http/query/parameter';
import { RouteQuery, type Asked } from '../http/query/query';

const naming = {
  hashed: presence({ description: 'The path has the hash of the key' }),
  username: flag({ description: 'The path has the name of a user' }),
  auto_guess: flag({ description: 'The path has a token, a hash or the name of a user' }),
};

/** How the path names the key. */
export const keyQuery = new RouteQuery(naming);
export type KeyQuery = Asked<typeof keyQuery>;

/** The same, and what becomes of the quota. */
export const updateQuery = new RouteQuery({
  ...naming,
  suppress_reset: flag({ description: 'Let the quota go on instead of beginning anew' }),
});
export type UpdateQuery = Asked<typeof updateQuery>;

export const createQuery = new RouteQuery({
  basic_auth: flag({ description: 'Make a user of `basic_auth_data.user`' }),
});

/** Which keys of a list; what is left out does not restrict. */
export const listQuery = new RouteQuery({
  ...listParameters,
  q: search({ description: 'An alias, a username or a hash' }),
  alias: narrowing({ description: 'The alias', maxLength: 1_000 }),
  username: narrowing({ description: 'The name of a user', maxLength: 255 }),
  tag: narrowing({ description: 'One of the tags', maxLength: 1_000 }),
  policy: narrowing({ description: 'A policy, by the id that sessions name it by', maxLength: 255 }),
  api: narrowing({ description: '`api_id` of an API that it has a right to', maxLength: 255 }),
  owner: narrowing({ description: 'The user who made it, by id', maxLength: 24 }),
  certificate: narrowing({ description: 'The certificate that it is bound to', maxLength: 255 }),
  inactive: choice({ description: 'Whether it is inactive' }),
  expires_from: moment({ description: 'Expires then or later' }),
  expires_to: moment({ description: 'Expires then or earlier' }),
});
export type KeySearch = Asked<typeof listQuery>;
