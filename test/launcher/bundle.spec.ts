import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, removeFolders, root } from './tools';

afterAll(removeFolders);

const main = `import { version } from 'mongoose';
import { Worker } from 'node:worker_threads';

interface Told { readonly what: string }

const fail = (told: Told): never => {
  throw new Error(told.what);
};

const worker = new Worker(require.resolve('./told.worker'));
worker.on('message', (message: string) => {
  console.log(message, version === undefined ? 'no package' : 'a package');
  fail({ what: 'on purpose' });
});
`;

/** An app of two files, compiled and bundled as the real ones are. */
const bundled = (): string => {
  const where = folder();
  mkdirSync(join(where, 'apps'));
  writeFileSync(join(where, 'apps/main.ts'), main);
  writeFileSync(
    join(where, 'apps/told.worker.ts'),
    `import { parentPort } from 'node:worker_threads';\nparentPort?.postMessage('from a thread');\n`,
  );
  symlinkSync(join(root, 'node_modules'), join(where, 'node_modules'));
  const made = `
    import { compileFiles } from './tools/lib/compile.mjs';
    import { bundleApp } from './tools/lib/bundle.mjs';
    const [, where] = process.argv;
    const files = ['apps/main.ts', 'apps/told.worker.ts'];
    const problems = await compileFiles({ root: where, outDir: where + '/dist', files });
    if (problems.length > 0) throw new Error(problems.join());
    await bundleApp({ entry: where + '/dist/apps/main.js', folder: where + '/dist/bundles/main' });`;
  execFileSync(process.execPath, ['--input-type=module', '-e', made, where], { cwd: root });
  return where;
};

const started = (where: string): { readonly stdout: string; readonly stderr: string } =>
  spawnSync(process.execPath, [join(where, 'dist/bundles/main/start.js')], { encoding: 'utf8' });

describe('an app in one file', () => {
  let where: string;
  beforeAll(() => {
    where = bundled();
  });

  const cache = (): string => {
    const bundles = join(where, 'dist/bundles/main');
    const [name = '', ...others] = readdirSync(bundles).filter((file) => file.endsWith('.cache'));
    expect(others).toEqual([]);
    return join(bundles, name);
  };

  it('finds its packages and threads, and shows where in the TypeScript sources an error comes from', () => {
    const { stdout, stderr } = started(where);
    expect(stdout).toBe('from a thread a package\n');
    expect(stderr).toContain(`Error: on purpose\n    at fail (${join(where, 'apps/main.ts')}:7:9)`);
    expect(stderr).toContain(`${join(where, 'apps/main.ts')}:13:3)`);
  });

  it('starts all the same when V8 does not take what it made of it, or that is gone', () => {
    const kept = readFileSync(cache());
    expect(kept.length).toBeGreaterThan(100_000);
    for (const content of [kept.subarray(0, 1_000), Buffer.from('{}')]) {
      writeFileSync(cache(), content);
      expect(started(where).stdout).toBe('from a thread a package\n');
    }
  });
});
