import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from '../deploy/repository';

/** What a file of tools, and every file that it loads at once, loads by a name of a package. */
const packagesOf = (file: string, seen = new Set<string>()): readonly string[] => {
  if (seen.has(file)) return [];
  seen.add(file);
  const names = [...readFileSync(file, 'utf8').matchAll(/^(?:import|\} from|export .* from)\b.*'([^']+)';$/gm)];
  return names.flatMap(([, name = '']) => {
    if (isBuiltin(name)) return [];
    return name.startsWith('.') ? packagesOf(join(dirname(file), name), seen) : [`${file}: ${name}`];
  });
};

describe('on a fresh clone', () => {
  it.each(['start', 'test', 'build', 'dev', 'cli', 'services', 'test-databases', 'openapi', 'readme'])(
    'npm run %s needs no package before it has installed them',
    (command) => {
      expect(packagesOf(join(root, 'tools', `${command}.mjs`))).toEqual([]);
    },
  );

  it('would be told by the compiler, which is a package', () => {
    expect(packagesOf(join(root, 'tools', 'lib', 'compile.mjs'))).toEqual([expect.stringContaining('@swc/core')]);
  });
});
