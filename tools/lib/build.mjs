import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { buildSources, filesOf, fingerprint } from './fingerprint.mjs';
import { waitForLock } from './lock.mjs';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { run } from './run.mjs';

/** What comes out of it: the files that are started. */
export const entries = {
  api: 'dist/bundles/api/start.js',
  'host-manager': 'dist/bundles/host-manager/start.js',
  cli: 'dist/apps/api/src/cli.js',
  simulator: 'dist/libs/testing/src/cli/simulate.js',
};

/** The apps as files of their own, which are started again when one changes; the above are made of them. */
export const mains = {
  api: 'dist/apps/api/src/main.js',
  'host-manager': 'dist/apps/host-manager/src/main.js',
};

const stamp = join(root, 'dist', '.built');

/**
 * Builds everything that is started, when the sources are not the ones of the last build.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureBuilt(progress) {
  if (isBuilt()) return;
  await alone(async () => {
    if (isBuilt()) return;
    const problems = await progress.step('Building', compile);
    if (problems.length === 0) return;
    throw new Problem('The sources do not compile; correct what is named below.', { details: problems.join('\n') });
  });
}

const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');

/**
 * Compiles again after each change until this process ends, and passes on what the compiler says.
 * @param {(text: string) => void} say
 */
export function compileOnChange(say) {
  // What it will have written, the next build finds out anew; and what it remembers is wrong since a build of ours.
  for (const file of [stamp, join(root, 'dist', 'build.tsbuildinfo')]) rmSync(file, { force: true });
  const onLine = (/** @type {string} */ line) => {
    const text = stripVTControlCharacters(line);
    if (!/File change detected|Watching for file changes/.test(text)) say(text);
    else if (/Found 0 errors/.test(text)) say('Compiled.');
  };
  void run(process.execPath, [nest, 'build', 'everything', '--watch', '--preserveWatchOutput'], { onLine });
}

/** @returns {Promise<string[]>} the problems */
async function compile() {
  // The sources may change while they are read; then the stamp must not say they were built.
  const before = fingerprint(root, buildSources);
  rmSync(stamp, { force: true });
  // Their compilers are there only since the packages are installed.
  const { compileFiles } = await import('./compile.mjs');
  const { bundleApp } = await import('./bundle.mjs');
  const problems = await compileFiles({ root, outDir: join(root, 'dist'), files: filesOf(root, buildSources) });
  if (problems.length > 0) return problems;
  await Promise.all(
    Object.entries(mains).map(([app, main]) =>
      bundleApp({ entry: join(root, main), folder: join(root, 'dist', 'bundles', app) }),
    ),
  );
  writeFileSync(stamp, `${before}\n`);
  return isThere() ? [] : ['The build did not write what it should; remove the folder dist and try again.'];
}

/**
 * @template T
 * @param {() => Promise<T>} work
 */
async function alone(work) {
  const lock = await waitForLock(join(root, 'dist', '.build.lock'));
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function isThere() {
  return Object.values(entries).every((entry) => existsSync(join(root, entry)));
}

function isBuilt() {
  return isThere() && readStamp() === fingerprint(root, buildSources);
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8').trim();
  } catch {
    return undefined;
  }
}
