/** What a document may come to when every alias in it is written out. */
export interface ExpandedLimits {
  readonly values: number;
  readonly characters: number;
  readonly depth: number;
}

/** How large a part is, whatever aliases it has inside. */
interface Size {
  readonly values: number;
  readonly characters: number;
}

/** Quotes, a comma and the like. */
const around = 4;

/**
 * Measures a value in which parts may occur many times, looking at each part once.
 *
 * @returns what is too large about it, or null
 * @throws RangeError for a part that is inside itself, or nests too deeply
 */
export const expandedSize = (root: unknown, limits: ExpandedLimits): string | null => {
  const known = new Map<object, Size | 'open'>();

  const sizeOf = (value: unknown, depth: number): Size => {
    if (typeof value !== 'object' || value === null) return { values: 1, characters: lengthOf(value) + around };
    const before = known.get(value);
    if (before === 'open') throw new RangeError('an alias inside of what it stands for cannot be kept');
    if (before !== undefined) return before;
    if (depth > limits.depth) throw new RangeError(`it is nested deeper than ${limits.depth} levels`);
    known.set(value, 'open');
    let [values, characters] = [1, around];
    for (const [name, part] of Object.entries(value)) {
      const size = sizeOf(part, depth + 1);
      values += size.values;
      characters += size.characters + (Array.isArray(value) ? 0 : name.length + around);
    }
    const size = { values, characters };
    known.set(value, size);
    return size;
  };

  const { values, characters } = sizeOf(root, 1);
  if (values > limits.values) return `more than ${limits.values} values`;
  if (characters > limits.characters) return `more than ${limits.characters} characters`;
  return null;
};

const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : around);
