import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cost } from '../../apps/api/test/command-counter';

const file = join(__dirname, '..', '..', 'docs', 'round-trips.md');
const [beginning, end] = ['<!-- generated: round trips -->', '<!-- /generated -->'];
const headings = ['One after the other', 'Before the reply', 'After the reply', 'At Redis'];

/** A request, and what it was seen to cost. */
export type Row = readonly [request: string, Cost];

const cellsOf = ([request, { turns, before, after, redis }]: Row): readonly string[] => [
  `\`${request}\``,
  ...[turns, before, after, redis].map(String),
];

/** The rows of the table in the documentation: the request, and its numbers. */
export const documentedRows = (): readonly (readonly string[])[] =>
  (readFileSync(file, 'utf8').split(beginning)[1]?.split(end)[0] ?? '')
    .split('\n')
    .filter((line) => /^\| (?!Request|-)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

export const measuredRows = (rows: readonly Row[]): readonly (readonly string[])[] => rows.map(cellsOf);

/** Puts what was measured in the place of what the documentation says. */
export const documentRows = (rows: readonly Row[]): void => {
  const [head = '', rest = ''] = readFileSync(file, 'utf8').split(beginning);
  const width = Math.max(...rows.map(([request]) => request.length + 2));
  const line = ([request = '', ...numbers]: readonly string[]): string =>
    `| ${[request.padEnd(width), ...numbers.map((text, at) => text.padStart(headings[at]?.length ?? 0))].join(' | ')} |`;
  const rule = `| ${['-'.repeat(width), ...headings.map(({ length }) => `${'-'.repeat(length - 1)}:`)].join(' | ')} |`;
  const table = [line(['Request', ...headings]), rule, ...rows.map((row) => line(cellsOf(row)))].join('\n');
  writeFileSync(file, `${head}${beginning}\n\n${table}\n\n${end}${rest.split(end)[1]}`);
};
