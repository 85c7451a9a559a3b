import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..');

/**
 * The rows of the Markdown tables in a text, without heads and rules.
 *
 * @returns the cells of each row, trimmed
 */
export const rowsIn = (markdown: string): string[][] => {
  const lines = markdown.split('\n');
  const isRule = (line = ''): boolean => /^\|(?: *:?-+:? *\|)+$/.test(line);
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
};

/** The text of a page under `docs/`. */
export const pageOf = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');
