/**
 * The same value with the keys of all its objects in alphabetical order. Arrays keep their order.
 * @param {unknown} value
 * @returns {unknown}
 */
export function withSortedKeys(value) {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, withSortedKeys(entry)]));
}

/**
 * The first line in which two texts differ.
 * @param {string} before
 * @param {string} after
 */
export function firstDifference(before, after) {
  if (before === after) return undefined;
  const [old, young] = [before.split('\n'), after.split('\n')];
  const index = young.findIndex((line, number) => line !== old[number]);
  const line = index === -1 ? young.length : index;
  return { line: line + 1, before: old[line] ?? '', after: young[line] ?? '' };
}
