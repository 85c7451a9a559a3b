import { isTheirs, type Owned, type Viewer } from '@castellan/persistence';
import type { FieldError } from '@castellan/dto';

/**
 * Says of resources what somebody may know of them: of those that are not theirs, once and without a word of which, that
 * there are some.
 */
export const namedTo = <Row extends Partial<Owned>>(
  viewer: Viewer | null,
  rows: readonly Row[],
  say: (row: Row) => FieldError,
  ofOthers: FieldError,
): readonly FieldError[] => {
  const theirs = viewer === null ? rows : rows.filter((row) => isTheirs(viewer, row));
  return [...theirs.map(say), ...(theirs.length < rows.length ? [ofOthers] : [])];
};
