import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '@castellan/dto';
import { pageOf, root, rowsIn } from './table';

const rows = rowsIn(pageOf('errors.md')).map(([code = '', status = '', meaning = '', remedy = '']) => ({
  code: code.replaceAll('`', ''),
  statuses: status.split(', ').map(Number),
  meaning,
  remedy,
}));

const sources = ['apps', 'libs'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('spec.ts'))
    .map((path) => join(root, folder, path)),
);

/** Every status and code that stand together in the sources, such as `new CastellanError(400, 'limit_reached', …`. */
const thrown = sources.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/(?:new CastellanError|super)\(\s*(\d{3}),\s*'(\w+)'/g)].map(
    ([, status, code = '']) => ({ status: Number(status), code }),
  ),
);

describe('docs/errors.md', () => {
  it('has one row for each code, in the order of errorCodes, and no other', () => {
    expect(rows.map(({ code }) => code)).toEqual(Object.keys(errorCodes));
  });

  it('says of each what it means and what to do', () => {
    expect(rows.filter(({ meaning, remedy }) => meaning.length < 10 || remedy.length < 10)).toEqual([]);
  });

  it('gives each code the statuses that it is thrown with', () => {
    expect(thrown.length).toBeGreaterThan(10);
    const statusesOf = (code: string): number[] => rows.find((row) => row.code === code)?.statuses ?? [];
    expect(thrown.filter(({ status, code }) => !statusesOf(code).includes(status))).toEqual([]);
    expect(rows.filter(({ statuses }) => statuses.length === 0 || !statuses.every((status) => status >= 400))).toEqual(
      [],
    );
  });

  it.each(rows.filter(({ code }) => code.endsWith('_conflict') && code !== 'email_conflict'))(
    '$code is a conflict: 409',
    ({ statuses }) => {
      expect(statuses).toEqual([409]);
    },
  );
});
