import type { QueryFilter } from 'mongoose';
import type { FoundBy, KeyRow } from './key-row';

/** What a row says that keys are found by. */
const sources = [
  ...(['alias', 'username', 'certificate', 'certificates'] as const),
  ...(['policyIds', 'apiIds', 'tags', 'copies'] as const),
] as const;

type Sources = Pick<KeyRow, (typeof sources)[number]>;

/** What lists of keys are narrowed by, and what its terms begin with. First comes what the fewest keys have. */
const narrowings = [
  ['alias', 'alias'],
  ['username', 'user'],
  ['certificate', 'bound'],
  ['namesCertificate', 'certificate'],
  ['policyId', 'policy'],
  ['apiId', 'api'],
  ['tag', 'tag'],
] as const;

type Narrowing = (typeof narrowings)[number][0];

/** Values that a key has to have. */
export type Narrowed = Partial<Readonly<Record<Narrowing | 'name', string>>>;

/**
 * What a key is found by: made of its row here and nowhere else, whenever one is written. It lies in one index, where one for each
 * field would be written for every key, though most have next to none of them.
 *
 * @param row one of an earlier program may lack some of it
 */
export function foundByOf(row: Partial<Sources>): FoundBy {
  const { alias = '', username = '', certificate = '', copies = [] } = row;
  const values: Readonly<Record<Narrowing, readonly string[]>> = {
    ...{ alias: [alias], username: [username], certificate: [certificate] },
    namesCertificate: row.certificates ?? [],
    policyId: row.policyIds ?? [],
    apiId: row.apiIds ?? [],
    tag: row.tags ?? [],
  };
  const terms = narrowings.flatMap(([by, begins]) =>
    values[by].filter((value) => value !== '').map((value) => `${begins}:${value}`),
  );
  // Few have copies, and of a field that is not there the index has nothing.
  return { terms: [...new Set(terms)], ...(copies.length === 0 ? {} : { copies }) };
}

/** Whether these are fields that keys are found by. */
export function areFoundBy(fields: Partial<KeyRow>): boolean {
  return sources.some((source) => source in fields);
}

/** Whether a row says what it is found by, as an earlier program leaves it undone. */
export function saysWhatFinds(row: KeyRow): boolean {
  return JSON.stringify(row.foundBy) === JSON.stringify(foundByOf(row));
}

/** The condition that keys have all of these values, by the index of what they are found by; an empty value no key has. */
export function having(narrowed: Narrowed): QueryFilter<KeyRow> {
  const { name } = narrowed;
  const all = narrowings.flatMap(([by, begins]) => (narrowed[by] === undefined ? [] : [`${begins}:${narrowed[by]}`]));
  const [only] = all;
  if (name !== undefined) {
    const either = { $in: [`alias:${name}`, `user:${name}`] };
    return { 'foundBy.terms': only === undefined ? either : { ...either, $all: all } };
  }
  if (only === undefined) return {};
  // The embedded server finds no index for `$all`.
  return { 'foundBy.terms': all.length === 1 ? only : { $all: all } };
}
