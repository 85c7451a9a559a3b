import { relative } from 'node:path';

/**
 * A suite that fails without a failed test of its own (it does not compile, a hook throws) counts as one failed.
 * @param {unknown} result what jest wrote; undefined when it wrote nothing
 */
export function countTests(result) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of suitesOf(result)) {
    const statuses = suite.assertionResults.map(({ status }) => status);
    const failed = statuses.filter((status) => status === 'failed').length;
    counts.passed += statuses.filter((status) => status === 'passed').length;
    counts.skipped += statuses.filter((status) => ['pending', 'skipped', 'todo', 'disabled'].includes(status)).length;
    counts.failed += suite.status === 'failed' ? Math.max(failed, 1) : failed;
  }
  return counts;
}

/** @typedef {{ file: string, seconds: number, tests: number }} FileTime */

/**
 * The test files that took longest, the longest first.
 * @param {unknown} result what jest wrote
 * @param {string} root what the paths are shown relative to
 * @param {number} [count]
 * @returns {FileTime[]}
 */
export function slowestFiles(result, root, count = 10) {
  return suitesOf(result)
    .map(({ name = '', startTime = 0, endTime = 0, assertionResults }) => ({
      file: relative(root, name),
      seconds: Math.max(0, endTime - startTime) / 1_000,
      tests: assertionResults.length,
    }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count);
}

/**
 * The part of the result that belongs to one project.
 * @param {unknown} result
 * @param {'unit' | 'e2e' | 'stack'} project
 */
export function ofProject(result, project) {
  const ending = project === 'unit' ? /\/[^/]+(?<!\.(e2e|stack)-spec)\.ts$/ : new RegExp(`\\.${project}-spec\\.ts$`);
  return { testResults: suitesOf(result).filter(({ name = '' }) => ending.test(name)) };
}

/**
 * @param {unknown} result
 * @returns {{ status: string, name?: string, startTime?: number, endTime?: number, assertionResults: { status: string }[] }[]}
 */
function suitesOf(result) {
  const known = typeof result === 'object' && result !== null && 'testResults' in result;
  return known && Array.isArray(result.testResults) ? result.testResults : [];
}
