import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countTests } from './jest-result.mjs';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** A hung test must not hold up everything for ever. */
const timeout = 15 * 60_000;

/** @typedef {{ passed: number, failed: number, skipped: number, output: string }} Result */

/**
 * Runs one project of jest.config.cjs and counts its tests.
 * @param {string} project
 * @param {object} options
 * @param {string[]} options.args for jest: paths, `-t name`, …
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} options.resultFile where jest writes its numbers
 * @param {boolean} [options.show] writes through to the terminal
 * @returns {Promise<Result>}
 */
export async function runJest(project, { args, env, resultFile, show = false }) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // --forceExit: a failed test that leaves a connection open must not hang the whole run.
  // --selectProjects takes every word after it, so it comes last.
  const all = [jest, ...args, '--forceExit', '--json', `--outputFile=${resultFile}`, '--selectProjects', project];
  const { code, output } = await run(process.execPath, all, { env, show, timeout });
  const counts = countTests(readResult(resultFile));
  if (counts.passed + counts.failed === 0) return { ...counts, failed: 1, output: `${output}\nNo test ran.\n` };
  return { ...counts, failed: code !== 0 && counts.failed === 0 ? 1 : counts.failed, output };
}

/**
 * @param {string} file
 * @returns {unknown}
 */
function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
