/** As much of Swagger UI’s lists as a filter asks for. */
export interface Group {
  update(name: 'operations', change: (operations: Operations) => Operations): Group;
  get(name: 'operations'): Operations;
}

export interface Operations {
  readonly size: number;
  filter(isWanted: (one: Operation) => boolean): Operations;
}

interface Operation {
  get(name: 'path' | 'method'): string;
  getIn(path: readonly string[]): string | undefined;
}

export interface Groups {
  map(change: (group: Group, name: string) => Group): Groups;
  filter(isWanted: (group: Group) => boolean): Groups;
}

/**
 * Finds routes by a word of their path, summary, operation or group, in any letter case; Swagger UI's own filter knows
 * whole groups alone, in the case in which they are written. It runs in the browser, so that it uses nothing around it.
 */
export const byAnyWord = (groups: Groups, phrase: string): Groups => {
  const wanted = phrase.trim().toLowerCase();
  const has = (text: string | undefined): boolean => (text ?? '').toLowerCase().includes(wanted);
  const isWanted = (one: Operation): boolean =>
    has(`${one.get('method')} ${one.get('path')}`) ||
    has(one.getIn(['operation', 'summary'])) ||
    has(one.getIn(['operation', 'operationId']));
  return groups
    .map((group, name) => (has(name) ? group : group.update('operations', (all) => all.filter(isWanted))))
    .filter((group) => group.get('operations').size > 0);
};
