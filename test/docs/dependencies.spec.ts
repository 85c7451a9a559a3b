import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pageOf, root, rowsIn } from './table';

const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

const [, runtime = '', development = ''] = pageOf('dependencies.md').split(/^## /m);

describe.each([
  { section: 'At run time', text: runtime, wanted: manifest.dependencies },
  { section: 'For development', text: development, wanted: manifest.devDependencies },
])('docs/dependencies.md, "$section"', ({ section, text, wanted }) => {
  const rows = rowsIn(text).map(([name = '', purpose = '', reason = '']) => ({
    name: name.replaceAll('`', ''),
    purpose,
    reason,
  }));

  it('names each dependency of package.json once, in its order, and nothing else', () => {
    expect(text.startsWith(section)).toBe(true);
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(wanted));
  });

  it('says of each what it is for, and why it', () => {
    expect(rows.filter(({ purpose, reason }) => purpose === '' || reason === '')).toEqual([]);
  });
});
