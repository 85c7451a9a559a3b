import { listParameters } from '../http/paging';
import { moment } from '../http/query/moment';
import {
  choice,
  decisiveFlag,
  flag,
  narrowing,
  neverEmpty,
  presence,
  search,
  text,
  type Parameter,
} from '../http/query/parameter';
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

/** Which key a body would change. */
export const validateQuery = new RouteQuery({
  id: text({ description: 'The key that it would change: its token, chosen id, hash or username; none for a new one' }),
});

export const createQuery = new RouteQuery({
  basic_auth: flag({ description: 'Make a user of `basic_auth_data.user`' }),
});

const narrowed = {
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
};

/** Which keys of a list; what is left out does not restrict. */
export const listQuery = new RouteQuery({
  ...listParameters,
  ...narrowed,
  deleted: flag({
    description: 'Keys that were deleted, of which the index knows for a month, in the place of those that are there',
  }),
});
export type KeySearch = Asked<typeof listQuery>;

/** The same where keys are changed or deleted: a value that was left empty by a mistake would reach more of them. */
const sharplyNarrowed = {
  ...narrowed,
  q: neverEmpty(narrowed.q),
  inactive: neverEmpty(narrowed.inactive),
  expires_from: neverEmpty(narrowed.expires_from),
  expires_to: neverEmpty(narrowed.expires_to),
};

const goingOn = { after: neverEmpty(text({ description: 'Go on where a reply’s X-Next-After says' })) };
const wholeNumber = (description: string): Parameter<number | undefined> => {
  const given = text({ description, maxLength: 15, pattern: /^\d+$/, looks: 'a whole number' });
  return neverEmpty({
    ...given,
    schema: { type: 'integer', format: 'int64', minimum: 0 },
    read: (value) => numberOf(given.read(value)),
  });
};
const numberOf = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value));

/** Which keys are changed or deleted, and whether for good. */
export const bulkQuery = new RouteQuery({
  ...sharplyNarrowed,
  ...goingOn,
  dry_run: decisiveFlag({ description: 'See what would become of each key; nothing is written' }),
  all: decisiveFlag({ description: 'Every key, since nothing restricts which ones' }),
  count: wholeNumber('How many keys a dry run has found; when they are others now, none is touched'),
});
export type BulkQuery = Asked<typeof bulkQuery>;

export const exportQuery = new RouteQuery({ ...goingOn });

export const importQuery = new RouteQuery({
  overwrite: decisiveFlag({ description: 'Write over keys of the organisation that are there already' }),
  dry_run: decisiveFlag({ description: 'See what would become of each key; nothing is written' }),
});
export type ImportQuery = Asked<typeof importQuery>;

/** Which part of the keys is looked at. */
export const reconcileQuery = new RouteQuery({
  ...goingOn,
  expired_for: wholeNumber('Seconds that a key must have expired for to be a leftover; 86400 when left out'),
});
export type ReconcileQuery = Asked<typeof reconcileQuery>;
