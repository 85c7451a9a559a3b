import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countTests, slowestFiles, ofProject } from './jest-result.mjs';
import { patience } from './patience.mjs';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {'unit' | 'e2e' | 'stack'} Project */
/** @typedef {{ passed: number, failed: number, skipped: number, output: string, slowest?: import('./jest-result.mjs').FileTime[] }} Result */

/**
 * Runs projects of jest.config.cjs in one go, so that its workers are busy to the end, and counts their tests.
 * @param {Project[]} projects
 * @param {object} options
 * @param {string[]} options.args for jest: paths, `-t name`, …
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} options.resultFile where jest writes its numbers
 * @param {boolean} [options.show] writes through to the terminal
 * @returns {Promise<Result>}
 */
export async function runJest(projects, { args, env, resultFile, show = false }) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // --forceExit: a failed test that leaves a connection open must not hang the whole run.
  // --selectProjects takes every word after it, so it comes last.
  const numbers = ['--forceExit', '--json', `--outputFile=${resultFile}`];
  // Node.js hands what it was told to load first on to Jest's workers and to their threads.
  const threads = ['--require', join(root, 'tools', 'jest', 'threads.cjs')];
  // Much of what tests leave behind lives until the end of a test: with room for that, less of it is moved and looked at again.
  const memory = ['--max-semi-space-size=64'];
  const all = [
    ...memory,
    ...threads,
    jest,
    ...args,
    ...(watches(args) ? [] : numbers),
    '--selectProjects',
    ...projects,
  ];
  const silence = show ? {} : { silence: patience.silenceMs };
  const interactive = show && watches(args);
  const { code, output } = await run(process.execPath, all, { env, show, interactive, ...silence });
  const result = readResult(resultFile);
  const counts = countTests(result);
  const missing = projects.filter((project) => countTests(ofProject(result, project)).passed === 0);
  if (counts.passed + counts.failed === 0)
    return { ...counts, failed: 1, output: `${output}\nNo test ran (jest ended with code ${code}).\n` };
  // With words for jest a project may well have nothing to run.
  if (!show && missing.length > 0) {
    return { ...counts, failed: counts.failed + 1, output: `${output}\nNo test of ${missing.join(' and ')} passed.\n` };
  }
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  return { ...counts, failed, output, slowest: slowestFiles(result, root) };
}

/**
 * Whether jest stays and runs again what a change concerns; then there is nothing to count.
 * @param {string[]} args
 */
export function watches(args) {
  return args.some((word) => /^--watch(All)?$/.test(word));
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
