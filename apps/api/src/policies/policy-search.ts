import type { QueryFilter } from 'mongoose';
import { isObjectIdText, toObjectId, type Place, type PolicyRow } from '@castellan/persistence';
import { listAt, parseJson, textAt } from '@castellan/tyk';
import { inOrder, pieceInMemory, type ListOrder } from '../http/list-in-memory';
import { pageCount } from '../http/paging';
import type { Sight } from '../ownership/sight';
import type { PolicyOrder, PolicySearch } from './policy-query';

export interface PolicyPage {
  readonly rows: readonly PolicyRow[];
  readonly pages: number;
  readonly next: string | null;
}

/** Whether the search has to look into the documents, beyond what the rows say. */
export const needsDocuments = ({ state, auth_type: type, sort = 'name' }: PolicySearch): boolean =>
  state !== undefined || type !== undefined || sort.endsWith('state');

/** The part of a search that the database answers. */
export const filterOf = (search: PolicySearch, sight: Sight | null): QueryFilter<PolicyRow> => {
  const { q, policy_ids: ids, api_id: apiIds, active } = search;
  const conditions: QueryFilter<PolicyRow>[] = [];
  if (q !== undefined) {
    conditions.push(isObjectIdText(q) ? idIn([q]) : { $or: [{ name: containing(q) }, { policyId: q }] });
  }
  if (ids.length > 0) conditions.push(idIn(ids));
  if (apiIds.length > 0) conditions.push({ apiIds: { $in: [...apiIds] } });
  if (active) conditions.push({ active: true });
  if (sight !== null) conditions.push(...seenBy(sight));
  return conditions.length === 0 ? {} : { $and: conditions };
};

/** What {@link Sight.seesPolicy} says, for the database. */
const seenBy = ({ viewer, hiddenApiIds }: Sight): readonly QueryFilter<PolicyRow>[] => [
  {
    $or: [
      { 'userOwners.0': { $exists: false }, 'groupOwners.0': { $exists: false } },
      { userOwners: viewer.userId },
      { groupOwners: { $in: [...viewer.groupIds] } },
    ],
  },
  ...(hiddenApiIds.size === 0 ? [] : [{ apiIds: { $nin: [...hiddenApiIds] } }]),
];

type SortField = 'name' | 'createdAt' | '_id';
type Sort = Readonly<Partial<Record<SortField, 1 | -1>>>;

const newestFirst = { createdAt: -1, _id: -1 } as const;

const sorts: Readonly<Record<PolicyOrder, Sort>> = {
  name: { name: 1, _id: 1 },
  '-name': { name: -1, _id: -1 },
  date_created: { createdAt: 1, _id: 1 },
  '-date_created': newestFirst,
  state: newestFirst,
  '-state': newestFirst,
};

/** The newest first, unless the search knows better. */
export const sortOf = ({ sort = '-date_created' }: PolicySearch): Readonly<Record<string, 1 | -1>> => sorts[sort];

/** A policy, and what only its document says. */
interface Read {
  readonly row: PolicyRow;
  readonly state: string;
  readonly types: readonly unknown[];
}

const read = (row: PolicyRow): Read => {
  const policy = parseJson(row.document);
  return { row, state: textAt(policy, 'state'), types: [textAt(policy, 'auth_type'), ...listAt(policy, 'auth_types')] };
};

/** The part of a search that only the documents answer, and the piece of it that is asked for. */
export const foundIn = (
  all: readonly PolicyRow[],
  search: PolicySearch,
  place: Place,
  pageSize: number,
): PolicyPage => {
  const { state, auth_type: type } = search;
  const order = orderOf(search);
  const wanted = all
    .map(read)
    .filter(
      (policy) =>
        (state === undefined || policy.state === state) && (type === undefined || policy.types.includes(type)),
    );
  const { shown, next } = pieceInMemory(inOrder(wanted, order), order, place, pageSize);
  return { rows: shown.map(({ row }) => row), pages: pageCount(wanted.length, place, pageSize), next };
};

/** Policies of one state are the newest first among themselves. */
const orderOf = ({ sort = '-date_created' }: PolicySearch): ListOrder<Read> => {
  const { name, createdAt, _id = -1 } = sorts[sort];
  return {
    name: `documents,${sort}`,
    keys: [
      ...(sort.endsWith('state')
        ? [{ valueOf: ({ state }: Read) => state, direction: sort === 'state' ? (1 as const) : (-1 as const) }]
        : []),
      ...(name === undefined ? [] : [{ valueOf: ({ row }: Read) => row.name, direction: name }]),
      ...(createdAt === undefined ? [] : [{ valueOf: ({ row }: Read) => row.createdAt, direction: createdAt }]),
      { valueOf: ({ row }: Read) => row._id, direction: _id },
    ],
  };
};

const idIn = (ids: readonly string[]): QueryFilter<PolicyRow> => ({
  $or: [{ policyId: { $in: [...ids] } }, { _id: { $in: ids.filter(isObjectIdText).map(toObjectId) } }],
});

const containing = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
