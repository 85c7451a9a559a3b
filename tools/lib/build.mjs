import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { fingerprint } from './fingerprint.mjs';
import { waitForLock } from './lock.mjs';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { run } from './run.mjs';

/**
 * What can be built: the folders that go in, beside the settings, and the file that comes out.
 * @type {Record<string, { sources: string[], without: RegExp, entry: string }>}
 */
export const projects = {
  api: {
    sources: ['apps/api', 'libs'],
    without: /^libs\/testing\/|\.(e2e-|stack-)?spec\.ts$/,
    entry: 'dist/apps/api/src/main.js',
  },
  'host-manager': {
    sources: ['apps/host-manager', 'libs'],
    without: /^libs\/testing\/|\.(e2e-|stack-)?spec\.ts$/,
    entry: 'dist/apps/host-manager/src/main.js',
  },
  simulator: {
    sources: ['libs'],
    without: /\.(e2e-|stack-)?spec\.ts$/,
    entry: 'dist/libs/testing/src/cli/simulate.js',
  },
};

/**
 * Builds those projects whose sources are not the ones of the last build.
 * @param {string[]} names keys of `projects`
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureBuilt(names, progress) {
  if (names.every((name) => isBuilt(name))) return;
  const lock = await waitForLock(join(root, 'dist', '.build.lock'));
  try {
    const stale = names.filter((name) => !isBuilt(name));
    if (stale.length === 0) return;
    await progress.step(`Building ${stale.join(' and ')}`, async () => {
      const results = await Promise.allSettled(stale.map(build));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
  } finally {
    lock.release();
  }
}

/** @param {string} name */
function isBuilt(name) {
  return existsSync(join(root, project(name).entry)) && readStamp(name) === fingerprint(root, project(name));
}

/** @param {string} name */
async function build(name) {
  // The sources may change while the compiler reads them; then the stamp must not say they were built.
  const before = fingerprint(root, project(name));
  // An incremental build would write nothing where it thinks that its output of last time is still there.
  if (!existsSync(join(root, project(name).entry))) rmSync(join(root, 'dist', `${name}.tsbuildinfo`), { force: true });
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const done = await run(process.execPath, [nest, 'build', name]);
  if (done.code !== 0) {
    const details = stripVTControlCharacters(done.output);
    throw new Problem(`${name} does not compile; correct what is named below.`, { details });
  }
  if (!existsSync(join(root, project(name).entry))) {
    throw new Problem(`The build of ${name} wrote no ${project(name).entry}; remove the folder dist and start again.`);
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile(name), `${before}\n`);
}

/** @param {string} name */
function project(name) {
  const found = projects[name];
  if (found === undefined) throw new Error(`no project ${name}`);
  return found;
}

/** @param {string} name */
function stampFile(name) {
  return join(root, 'dist', `.built-${name}`);
}

/** @param {string} name */
function readStamp(name) {
  try {
    return readFileSync(stampFile(name), 'utf8').trim();
  } catch {
    return undefined;
  }
}
