import { Parser, type CST } from 'yaml';

type Part = CST.Token | null | undefined;

/** Whether a text of YAML nests deeper than a number of levels. Goes through it level by level, so that no depth is too much for it. */
export const nestsDeeper = (text: string, levels: number): boolean => {
  // The parser keeps a list of what is open; only what makes values of its tokens calls itself for each level.
  let level: Part[] = [...new Parser().parse(text)].map((token) => (token.type === 'document' ? token.value : null));
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
