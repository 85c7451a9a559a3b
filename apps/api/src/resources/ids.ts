import { ValidationFailed } from '@castellan/dto';

/** Ids of clients' own stand in paths, headers, Redis keys and indexes. */
const longestId = 256;
/** What separates or changes the parts of an address, and what nobody can see. */
const unfit = /[/\\?#%\s\p{Cc}]/u;

/**
 * Refuses an id that requests could not name: one that is a route of its own, has parts of an address in it, or no end.
 *
 * @param id empty when none was sent
 * @param routes what stands where the id would in paths
 * @throws ValidationFailed
 */
export const refuseUnfitId = (id: string, path: string, routes: readonly string[]): void => {
  const message = faultOf(id, routes);
  if (message !== null) throw new ValidationFailed([{ path, message }]);
};

/** The same of an id that may have parts of an address in it, because clients encode it. @throws ValidationFailed */
export const refuseUnfitRoute = (id: string, path: string, routes: readonly string[]): void => {
  const message = faultOfRoute(id, routes);
  if (message !== null) throw new ValidationFailed([{ path, message }]);
};

/** Dots are taken out of an address by every client, encoded or not. */
const faultOfRoute = (id: string, routes: readonly string[]): string | null => {
  if (id === '.' || id === '..') return 'must not be . or .., which no address can hold';
  return routes.includes(id) ? `must not be "${id}", which is a route of its own` : null;
};

const faultOf = (id: string, routes: readonly string[]): string | null => {
  if (id.length > longestId) return `may have ${longestId} characters`;
  if (unfit.test(id) || id === '.' || id === '..')
    return 'must be usable in a path: no white space, /, \\, ?, # or %, and not . or ..';
  return faultOfRoute(id, routes);
};
