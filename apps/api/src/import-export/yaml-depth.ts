import type { CST } from 'yaml';

type Part = CST.Token | null | undefined;

/**
 * Whether a text of YAML nests deeper than a number of levels, by its tokens. Goes through them level by level, so that no
 * depth is too much for it.
 */
export const nestsDeeper = (tokens: readonly CST.Token[], levels: number): boolean => {
  let level: Part[] = tokens.map((token) => (token.type === 'document' ? token.value : null));
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap(partsOf);
  }
  return false;
};

const partsOf = (part: Part): Part[] => {
  if (part == null || !('items' in part)) return [];
  return part.items.flatMap((item) => [item.key, item.value]).filter((one) => one != null);
};
