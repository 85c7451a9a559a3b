/** Go's units in nanoseconds, from the longest to the shortest, as a duration text lists them. */
const UNITS = [
  ['h', 3_600_000_000_000],
  ['m', 60_000_000_000],
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['µs', 1_000],
  ['ns', 1],
] as const;

const NANOSECONDS: ReadonlyMap<string, number> = new Map([...UNITS, ['us', 1_000], ['μs', 1_000]]);

/** The text of a duration as Tyk's extension writes it, for a JSON Schema `pattern`. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|µs|μs|ns))*$|^0$';

/** One second, in the unit of {@link parseDuration}. */
export const SECOND = 1_000_000_000;

/**
 * Reads a duration such as `1m30s` in nanoseconds. A text that is not one counts as no time at all: nodes do the same
 * (their duration type reads what it cannot parse as zero).
 */
export function parseDuration(text: string): number {
  if (!new RegExp(DURATION_PATTERN, 'u').test(text)) return 0;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-zµμ]+)/gu)) {
    total += Number(amount) * (NANOSECONDS.get(unit ?? '') ?? 0);
  }
  return Math.round(total);
}

/** Writes nanoseconds the way nodes do: hours, minutes, seconds and so on, without those that are zero. */
export function formatDuration(nanoseconds: number): string {
  let rest = Math.max(0, Math.round(nanoseconds));
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text;
}
