import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf, root, rowsIn } from './table';

const records = readdirSync(join(root, 'docs', 'decisions'))
  .filter((file) => /^\d{4}-/.test(file))
  .sort();
const index = rowsIn(pageOf('decisions/README.md')).map(([number = '', entry = '']) => {
  const [, title = '', file = ''] = /^\[(.+)\]\((.+)\)$/.exec(entry) ?? [];
  return { number: Number(number), title, file };
});

describe('docs/decisions', () => {
  it('lists every record in the index, in order, and no other', () => {
    expect(index.map(({ file }) => file)).toEqual(records);
  });

  it.each(index)(
    '$number: the record bears its number and title, and has its three parts',
    ({ number, title, file }) => {
      const text = pageOf(`decisions/${file}`);
      expect(file).toMatch(new RegExp(`^${String(number).padStart(4, '0')}-`));
      expect(text.split('\n')[0]).toBe(`# ${number}. ${title}`);
      const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, part]) => part);
      expect(parts).toEqual(['Context', 'Decision', 'Consequences']);
    },
  );
});
