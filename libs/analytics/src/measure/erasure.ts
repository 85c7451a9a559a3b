import { RowSum } from './rollup';
import type { RollupRow } from './row';

/** Stands for the key of somebody who is to be forgotten. */
export const erasedValue = '(erased)';

/** By what somebody is known: the hash of a key as records have it, its alias, or an address. */
export interface Person {
  readonly key?: string;
  readonly alias?: string;
  readonly address?: string;
}

/**
 * Rows without what they say of a person. What was counted stays counted: under {@link erasedValue}, where rows that become
 * the same are added up. Addresses are never in rows.
 */
export const erasedRows = (rows: readonly RollupRow[], person: Person): readonly RollupRow[] => {
  const made = new RowSum();
  for (const row of rows) {
    const { orgId, unit, at, kind, dimensions, label, measures } = row;
    const isTheirs = saysOf(row, person);
    const known = isTheirs && person.key !== undefined ? { ...dimensions, key: erasedValue } : dimensions;
    made.add({ orgId, unit, at, kind, dimensions: known }, { label: isTheirs ? '' : label, measures });
  }
  return made.rows;
};

/** Whether a row says something of the person. */
export const saysOf = ({ kind, dimensions, label }: RollupRow, { key, alias }: Person): boolean => {
  if (key !== undefined) return dimensions.key === key;
  // Labels of other rows are names of APIs.
  return alias !== undefined && label === alias && (kind === 'key' || kind === 'keyEndpoint');
};
