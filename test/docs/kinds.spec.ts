import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './table';

/** By what a file has to know of a kind, of which assets are the smallest: its file, its module, its operations, its paths. */
const knowing = /\basset\.kind'|\bassetKind\b|\bAssetsModule\b|'validateAsset'|'\/api\/assets\/', /;
/** Whoever has the recorder, and has it write configuration. */
const committing = /ChangeRecorder[\s\S]*\.(?:commit|commitPart|commitEnd|dryRun)\(/;
const own = /\/kinds\/asset\.kind\.ts$|\/src\/assets\//;

/** Files of TypeScript in which something stands. */
const holding = (folders: readonly string[], pattern: RegExp): readonly string[] => {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const sources = files.filter((file) => /\.ts$/.test(file) && !/node_modules|dist\//.test(file));
  return sources.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8'))).toSorted();
};

describe('a kind of resource', () => {
  it('is known to four files beside its own', () => {
    const itself = join('test', 'docs', 'kinds.spec.ts');
    const found = holding(['apps', 'libs', 'test'], knowing).filter((file) => file !== itself && !own.test(file));
    expect(found).toEqual([
      'apps/api/src/app.module.ts',
      'libs/persistence/src/kinds/kinds.ts',
      'test/contract/examples.e2e-spec.ts',
      'test/rights/furnished.ts',
    ]);
  });

  it('is committed by the one way in which requests write, but for the parts of an import', () => {
    const found = holding([join('apps', 'api', 'src')], committing).filter((file) => !file.endsWith('spec.ts'));
    expect(found).toEqual([
      'apps/api/src/import-export/import-batches.ts',
      'apps/api/src/import-export/import-runner.ts',
      'apps/api/src/resources/resource-tools.ts',
    ]);
  });
});
