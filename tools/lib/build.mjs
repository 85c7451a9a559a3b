import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { fingerprint } from './fingerprint.mjs';
import { waitForLock } from './lock.mjs';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { run } from './run.mjs';

/** What goes into a build, beside the settings. */
const sources = { sources: ['apps', 'libs'], without: /\.(e2e-|stack-)?spec\.ts$|^apps\/[^/]+\/test\// };

/** What comes out of it: the files that are started. */
export const entries = {
  api: 'dist/apps/api/src/main.js',
  'host-manager': 'dist/apps/host-manager/src/main.js',
  cli: 'dist/apps/api/src/cli.js',
  simulator: 'dist/libs/testing/src/cli/simulate.js',
};

const stamp = join(root, 'dist', '.built');

/**
 * The two ways to build, and what TypeScript remembers of each. Both write the same files, so that what one remembers is
 * wrong as soon as the other has run.
 */
const ways = /** @type {const} */ ({
  everything: 'build.tsbuildinfo',
  'everything-and-tests': 'tsconfig.tsbuildinfo',
});

/**
 * Builds everything that is started, when the sources are not the ones of the last build.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureBuilt(progress) {
  if (isBuilt()) return;
  await alone(async () => {
    if (isBuilt()) return;
    const done = await progress.step('Building', () => compile('everything'));
    if (done.code === 0) return;
    throw new Problem('The sources do not compile; correct what is named below.', { details: done.output });
  });
}

/**
 * Builds the same together with the tests, which is how their types are checked: one compilation instead of two.
 * @returns {Promise<import('./run.mjs').Outcome>}
 */
export function buildWithTests() {
  return alone(() => compile('everything-and-tests'));
}

const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');

/**
 * Compiles again after each change until this process ends, and passes on what the compiler says.
 * @param {(text: string) => void} say
 */
export function compileOnChange(say) {
  // What it will have written, the next build finds out anew.
  rmSync(stamp, { force: true });
  const onLine = (/** @type {string} */ line) => {
    const text = stripVTControlCharacters(line);
    if (!/File change detected|Watching for file changes/.test(text)) say(text);
    else if (/Found 0 errors/.test(text)) say('Compiled.');
  };
  void run(process.execPath, [nest, 'build', 'everything', '--watch', '--preserveWatchOutput'], { onLine });
}

/** @param {keyof typeof ways} way */
async function compile(way) {
  // The sources may change while the compiler reads them; then the stamp must not say they were built.
  const before = fingerprint(root, sources);
  rmSync(stamp, { force: true });
  for (const name of /** @type {(keyof typeof ways)[]} */ (Object.keys(ways))) {
    // An incremental build writes nothing where it thinks that its output of last time is still there.
    if (name !== way || !isThere()) rmSync(join(root, 'dist', ways[name]), { force: true });
  }
  const done = await run(process.execPath, [nest, 'build', way]);
  const output = stripVTControlCharacters(done.output);
  if (done.code !== 0) return { ...done, output };
  if (!isThere())
    return { code: 1, output: 'The build did not write what it should; remove the folder dist and try again.' };
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, `${before}\n`);
  return { ...done, output };
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
  return isThere() && readStamp() === fingerprint(root, sources);
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8').trim();
  } catch {
    return undefined;
  }
}
