import { runInNewContext } from 'node:vm';
import { byAnyWord, type Group, type Groups, type Operations } from './filter';

const routes: Readonly<
  Record<string, readonly (readonly [method: string, path: string, id: string, summary: string])[]>
> = {
  Policies: [
    ['get', '/api/portal/policies', 'listPolicies', 'List policies'],
    ['put', '/api/portal/policies/{id}/access', 'updatePolicyAccess', 'Replace the owners'],
  ],
  Keys: [
    ['get', '/api/keys', 'listKeys', 'List keys'],
    ['post', '/api/keys', 'createKey', 'Create a key'],
  ],
};

/** What is shown for a phrase: the number of routes by group, in lists that have what Swagger UI's have. */
const shown = (filter: typeof byAnyWord, phrase: string): Readonly<Record<string, number>> => {
  let left: Record<string, number> = {};
  const listOf = (all: (typeof routes)[string]): Operations => ({
    size: all.length,
    filter: (isWanted) =>
      listOf(
        all.filter(([method, path, operationId, summary]) =>
          isWanted({
            get: (name) => ({ method, path })[name],
            getIn: ([, name]) => (name === 'summary' ? summary : operationId),
          }),
        ),
      ),
  });
  const groupOf = (all: Operations): Group => ({ get: () => all, update: (_, change) => groupOf(change(all)) });
  const groupsOf = (all: readonly (readonly [string, Group])[]): Groups => ({
    map: (change) => groupsOf(all.map(([name, group]) => [name, change(group, name)] as const)),
    filter: (isWanted) => {
      const kept = all.filter(([, group]) => isWanted(group));
      left = Object.fromEntries(kept.map(([name, group]) => [name, group.get('operations').size]));
      return groupsOf(kept);
    },
  });
  filter(groupsOf(Object.entries(routes).map(([name, all]) => [name, groupOf(listOf(all))] as const)), phrase);
  return left;
};

describe('the filter of the documentation', () => {
  // As the browser gets it: by its text, with nothing around it.
  const served = runInNewContext(`(${byAnyWord.toString()})`) as typeof byAnyWord;

  it.each([
    ['policies', { Policies: 2 }],
    ['KEYS', { Keys: 2 }],
    ['create', { Keys: 1 }],
    ['/portal/policies/{id}', { Policies: 1 }],
    ['post /api', { Keys: 1 }],
    ['list', { Policies: 1, Keys: 1 }],
    [' updatepolicy', { Policies: 1 }],
    ['nothing', {}],
  ])('shows for %j what has it, in any letter case', (phrase, expected) => {
    expect(shown(served, phrase)).toEqual(expected);
  });
});
