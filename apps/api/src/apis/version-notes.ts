import type { FieldError } from '@castellan/dto';
import type { ApiRow } from '@castellan/persistence';
import { versionNames } from '../policies/policy-references';
import { definitionOf, storedWrapper } from './wrapper';

/** Keys beyond that are not counted one by one. */
export const mostCounted = 10_000;

/** Names of versions that keys and policies may give and that an API has no more. */
export const lostVersions = (before: ApiRow, after: ApiRow): readonly string[] => {
  const [was, is] = [before, after].map((row) => versionNames(definitionOf(storedWrapper(row))));
  return [...(was ?? [])].filter((name) => is?.has(name) !== true);
};

/**
 * What is to be said of an API that has lost versions. Keys go on naming them, and nothing is opened by that; which keys do, only their
 * sessions say.
 *
 * @param keys how many have a right to the API, of which {@link mostCounted} and one are counted at most
 */
export const versionNotes = (lost: readonly string[], keys: number): readonly FieldError[] => {
  if (keys === 0) return [];
  const names = lost.map((name) => `"${name}"`).join(', ');
  const many = keys > mostCounted ? `more than ${mostCounted} keys` : keys === 1 ? '1 key' : `${keys} keys`;
  const message = `has lost ${names}, by which ${many} with a right to the API may name it: what names nothing else opens nothing`;
  return [{ path: 'api_definition.version_data.versions', message }];
};
