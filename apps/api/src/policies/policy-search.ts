import type { QueryFilter } from 'mongoose';
import { isObjectIdText, toObjectId, type PolicyRow } from '@castellan/persistence';
import { listAt, parseJson, textAt } from '@castellan/tyk';
import type { PolicyOrder, PolicyQuery } from './policy.dto';

const isGiven = (text: string | undefined): text is string => text !== undefined && text !== '';

const isByState = (sort: PolicyQuery['sort']): boolean => sort === 'state' || sort === '-state';

/** Whether the search has to look into the documents, beyond what the rows say. */
export const needsDocuments = ({ state, auth_type, sort }: PolicyQuery): boolean =>
  isGiven(state) || isGiven(auth_type) || isByState(sort);

/** The part of a search that the database answers. */
export const filterOf = ({ q, policy_ids, api_id, active }: PolicyQuery): QueryFilter<PolicyRow> => {
  const conditions: QueryFilter<PolicyRow>[] = [];
  if (isGiven(q)) conditions.push(isObjectIdText(q) ? idIn([q]) : { $or: [{ name: containing(q) }, { policyId: q }] });
  if (isGiven(policy_ids)) conditions.push(idIn(listed(policy_ids)));
  if (isGiven(api_id)) conditions.push({ apiIds: { $in: listed(api_id) } });
  if (isGiven(active)) conditions.push({ active: true });
  return conditions.length === 0 ? {} : { $and: conditions };
};

/** The part of a search that only the document answers. */
export const documentMatches = ({ document }: PolicyRow, { state, auth_type }: PolicyQuery): boolean => {
  const policy = parseJson(document);
  if (isGiven(state) && textAt(policy, 'state') !== state) return false;
  return !isGiven(auth_type) || [textAt(policy, 'auth_type'), ...listAt(policy, 'auth_types')].includes(auth_type);
};

/** The rows in the order that only the documents know; those of one state stay as they were. */
export const inOrderOf = ({ sort }: PolicyQuery, rows: readonly PolicyRow[]): readonly PolicyRow[] => {
  if (!isByState(sort)) return rows;
  const states = new Map(rows.map((row) => [row, textAt(parseJson(row.document), 'state')]));
  const sign = sort === 'state' ? 1 : -1;
  const stateOf = (row: PolicyRow): string => states.get(row) ?? '';
  return rows.toSorted((a, b) => sign * (stateOf(a) < stateOf(b) ? -1 : Number(stateOf(a) > stateOf(b))));
};

const newestFirst = { createdAt: -1, _id: -1 } as const;

const sorts: Readonly<Record<PolicyOrder | '', Readonly<Record<string, 1 | -1>>>> = {
  '': newestFirst,
  name: { name: 1, _id: 1 },
  '-name': { name: -1, _id: -1 },
  date_created: { createdAt: 1, _id: 1 },
  '-date_created': newestFirst,
  state: newestFirst,
  '-state': newestFirst,
};

/** The newest first, unless the search knows better. */
export const sortOf = ({ sort = '' }: PolicyQuery): Readonly<Record<string, 1 | -1>> => sorts[sort];

const idIn = (ids: readonly string[]): QueryFilter<PolicyRow> => ({
  $or: [{ policyId: { $in: [...ids] } }, { _id: { $in: ids.filter(isObjectIdText).map(toObjectId) } }],
});

const containing = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
