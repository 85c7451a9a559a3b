import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './table';

/** By what a file has to know of a kind, of which assets are the smallest: its file, its module, its operations, its paths. */
const knowing = /\basset\.kind'|\bassetKind\b|\bAssetsModule\b|'validateAsset'|'\/api\/assets\/', /;
const own = /\/kinds\/asset\.kind\.ts$|\/src\/assets\//;

describe('a kind of resource', () => {
  it('is known to four files beside its own', () => {
    const files = ['apps', 'libs', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    );
    const sources = files.filter((file) => /\.ts$/.test(file) && !/node_modules|dist\//.test(file) && !own.test(file));
    const itself = join('test', 'docs', 'kinds.spec.ts');
    const found = sources.filter((file) => file !== itself && knowing.test(readFileSync(join(root, file), 'utf8')));
    expect(found.toSorted()).toEqual([
      'apps/api/src/app.module.ts',
      'libs/persistence/src/kinds/kinds.ts',
      'test/contract/examples.e2e-spec.ts',
      'test/rights/furnished.ts',
    ]);
  });
});
