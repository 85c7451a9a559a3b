/** What a spreadsheet takes for the beginning of a formula, in both widths, and what some of them skip before they look for one. */
const formulaStart = /^[=+\-@＝＋－＠\t\r\n]/;

const needsQuotes = /[",\r\n]/;

const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return formulaStart.test(value) ? `'${value}` : value;
  return JSON.stringify(value);
};

/**
 * One line of a CSV file (RFC 4180), line end included. Text that a spreadsheet would run as a formula gets an
 * apostrophe before it; objects and lists are written as JSON.
 */
export const csvLine = (values: readonly unknown[]): string => {
  const cells = values.map(cellText).map((cell) => (needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${cells.join(',')}\r\n`;
};
